"""Private files, at signed addresses that end: ``/files/…``. Behind nginx it is nginx that sends the bytes."""

from urllib.parse import quote

from tornado.web import HTTPError, URLSpec

from flask_api.core.errors import NotFound
from flask_api.providers.storage import content_type_of
from flask_api.providers.storage.local_files import LocalFiles
from flask_api.providers.storage.signed_links import FILES, LinkSigner
from flask_api.server.handlers import FileHandler
from flask_api.settings import Settings

__all__ = ["FILES", "file_rule"]

INTERNAL = "/solo-files/"  # a location that nginx has for itself (deploy/nginx.conf)


class PrivateFile(FileHandler):
    """One file, to be saved and never shown."""

    def initialize(  # type: ignore[override]
        self, path: str, links: LinkSigner, files: LocalFiles, by_nginx: bool
    ) -> None:
        super().initialize(path)
        self._links, self._files, self._by_nginx = links, files, by_nginx

    def prepare(self) -> None:
        """Look at the address.

        Raises:
            LinkInvalid: we did not make it, or its time is over.
            NotFound: there is no such file, or no longer.
        """
        if self.request.method not in ("GET", "HEAD"):
            raise HTTPError(405)
        self._link = self._links.read_file(self.request.path, self.request.query)
        if not self._files.path_of(self._link.key).is_file():
            raise NotFound

    async def get(self, path: str, include_body: bool = True) -> None:
        """Send the file, or have nginx send it."""
        if not self._by_nginx:
            await super().get(path, include_body)
            return
        self.set_extra_headers(path)
        self.set_header("Content-Type", self.get_content_type())
        self.set_header("X-Accel-Redirect", INTERNAL + self._link.key)

    def set_extra_headers(self, path: str) -> None:
        """Have it saved under its name (RFC 6266), by nobody else's cache."""
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Content-Disposition", f"attachment; filename*=UTF-8''{quote(self._link.filename, safe='')}")
        self.set_header("Content-Security-Policy", "default-src 'none'; sandbox")
        self.set_header("Cache-Control", "private, no-store")

    def get_content_type(self) -> str:
        """Return the type that was made sure of when the file was stored."""
        return content_type_of(self._link.key)


def file_rule(settings: Settings) -> URLSpec:
    """Return the rule of a tornado application that serves private files."""
    parts = {
        "path": str((settings.data_dir / "files").resolve()),
        "links": LinkSigner(settings.secret_key),
        "files": LocalFiles(settings.data_dir),
        "by_nginx": settings.accelerated_by_nginx,
    }
    return URLSpec(rf"{FILES}(.+)", PrivateFile, parts)
