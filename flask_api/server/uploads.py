"""Files that clients send to this server: written to the disk as they come, whatever their size.

``POST /api/v1/uploads`` gives out the address (providers/storage/local.py), and its signature is all that is asked for.
"""

import asyncio

import orjson
from tornado.web import URLSpec, stream_request_body

from flask_api.core.errors import BadRequest, MethodNotAllowed, TooLarge
from flask_api.core.request_ids import request_id_for
from flask_api.providers.storage import StorageError, StorageFull
from flask_api.providers.storage.local_files import LocalFiles, PartialFile
from flask_api.providers.storage.signed_links import UPLOADS, LinkSigner
from flask_api.server.handlers import HandlerWithJsonFailures
from flask_api.settings import Settings

__all__ = ["UPLOADS", "upload_rule"]

STORED = orjson.dumps({"code": 200, "status": "SUCCESS", "message": "Stored", "data": None})


class SizeWrong(BadRequest):
    status = "SIZE_WRONG"
    message = "The file has not the size that was said when its upload was asked for."


@stream_request_body
class UploadHandler(HandlerWithJsonFailures):
    """One file. All is checked before its first byte is asked for; it is stored whole, once, or not at all."""

    def initialize(self, links: LinkSigner, files: LocalFiles) -> None:
        self._links, self._files = links, files
        self._partial: PartialFile | None = None

    def set_default_headers(self) -> None:
        """Let those pages send files that may call the API (SOLO_CORS_ORIGINS)."""
        super().set_default_headers()
        origin = self.request.headers.get("Origin")
        if origin in self.application.settings["origins"]:
            self.set_header("Access-Control-Allow-Origin", origin or "")
            self.set_header("Access-Control-Allow-Methods", "PUT")
            self.set_header("Access-Control-Allow-Headers", "Content-Type")
            self.set_header("Vary", "Origin")

    async def prepare(self) -> None:
        """Look at the address and the size.

        Raises:
            BadRequest, MethodNotAllowed, LinkInvalid, SizeWrong, TooLarge, AlreadyUploaded, StorageFull: see there.
        """
        if self.request.method == "OPTIONS":
            if self.request.headers.get("Content-Length", "0").strip("0"):
                raise BadRequest("OPTIONS has no body here.")
            return
        if self.request.method != "PUT":
            raise MethodNotAllowed
        link = self._links.read_upload(self.request.path, self.request.query)
        length = int(self.request.headers["Content-Length"])
        if length != link.size:
            raise TooLarge if length > link.size else SizeWrong
        self._partial = await asyncio.to_thread(self._files.begin, link.key, link.size)

    async def data_received(self, chunk: bytes) -> None:
        """Write a piece. The disk may be slow, so a thread does it; the next piece is read after that."""
        if self._partial is None:
            return
        try:
            await asyncio.to_thread(self._partial.write, chunk)
        except (StorageFull, StorageError) as error:
            await self._abandon()
            self.send_error(error.code, exc_info=(type(error), error, None))

    async def put(self, _key: str) -> None:
        """Keep what has come."""
        assert self._partial is not None
        try:
            await asyncio.to_thread(self._partial.finish)
        finally:
            await self._abandon()
        self.set_header("Content-Type", "application/json")
        self.set_header("X-Request-ID", request_id_for(self.request.headers.get("X-Request-ID")))
        self.finish(STORED)

    def options(self, _key: str) -> None:
        """Answer a browser that asks beforehand; the headers say it all."""
        self.set_status(204)

    def on_connection_close(self) -> None:
        """Forget what has come of a file when the rest does not."""
        super().on_connection_close()
        if self._partial is not None:  # in a thread, since the disk may be busy with it
            asyncio.get_running_loop().run_in_executor(None, self._partial.abandon)

    async def _abandon(self) -> None:
        if self._partial is not None:
            await asyncio.to_thread(self._partial.abandon)


def upload_rule(settings: Settings) -> URLSpec:
    """Return the rule of a tornado application that takes files in."""
    parts = {"links": LinkSigner(settings.secret_key), "files": LocalFiles(settings.data_dir)}
    return URLSpec(rf"{UPLOADS}(.*)", UploadHandler, parts)
