"""Files that anybody may see, at ``/media/``: the pictures we made. In production nginx answers for them (deploy/)."""

import re
from pathlib import Path

from tornado.web import HTTPError, URLSpec

from flask_api.server.handlers import FileHandler

MEDIA_PREFIX = "/media/"
ONE_DAY = 86400
# What a browser may show: the pictures that we have made out of users' (uploads/images.py), and those of the demo.
OURS = re.compile(r"(?:public|demo)/[a-z0-9/_-]+\.(?:jpg|png|webp)\Z")


class MediaFile(FileHandler):
    """One file. Whatever is none, a folder or a way out of it included, is 404."""

    def set_extra_headers(self, path: str) -> None:
        """Keep browsers from running what claims to be a picture; names are random, so a file never changes."""
        self.set_header("X-Content-Type-Options", "nosniff")
        if not OURS.match(path):
            self.set_header("Content-Disposition", "attachment")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("Cache-Control", f"public, max-age={ONE_DAY}")

    @classmethod
    def get_absolute_path(cls, root: str, path: str) -> str:
        """Follow links first, so that what tornado then finds below the folder is there in truth."""
        if "\0" in path:
            raise HTTPError(404)
        return str(Path(root, path).resolve())

    def validate_absolute_path(self, root: str, absolute_path: str) -> str | None:
        """Say 404 where tornado would say 403: a folder's name is nobody's business."""
        try:
            return super().validate_absolute_path(root, absolute_path)
        except HTTPError:
            raise HTTPError(404) from None


def media_rule(folder: Path) -> URLSpec:
    """Return the rule of a tornado application that serves the files in this folder."""
    return URLSpec(rf"{MEDIA_PREFIX}(.+)", MediaFile, {"path": str(folder.resolve())})
