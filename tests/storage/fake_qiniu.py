"""Plays Qiniu: believes only what Qiniu's own library has signed, and keeps to the policy of a token."""

import json
import threading
import time
from base64 import urlsafe_b64decode
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from qiniu import Auth

ACCESS, SECRET = "a" * 40, "s" * 40
PUBLIC, PRIVATE = "faces", "hidden"


class FakeQiniu:
    """Upload, management and download, at one address.

    Args:
        objects: what it keeps, by (bucket, key).
        answer: given, all requests get this status and body; or, if it is None, none.
    """

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], bytes] = {}
        self.types: dict[tuple[str, str], str] = {}
        self.answer: tuple[int, bytes] | None = None
        self.hangs = threading.Event()
        self.auth = Auth(ACCESS, SECRET)
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"qiniu": self}))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    @property
    def settings(self) -> dict[str, Any]:
        return {
            "storage_provider": "qiniu",
            "qiniu_access_key": ACCESS,
            "qiniu_secret_key": SECRET,
            "qiniu_bucket": PUBLIC,
            "qiniu_private_bucket": PRIVATE,
            "qiniu_private_url": f"{self.url}/{PRIVATE}",
            "storage_public_url": f"{self.url}/{PUBLIC}",
            "qiniu_upload_url": f"{self.url}/upload",
            "qiniu_endpoint": self.url,
        }

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.hangs.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    qiniu: FakeQiniu

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        if not self._as_told():
            if self.path.startswith("/stat/"):
                self._stat()
            else:
                self._download()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if not self._as_told():
            if self.path.startswith("/delete/"):
                self._delete()
            else:
                self._upload(body)

    def _as_told(self) -> bool:
        if self.qiniu.answer is None:
            return False
        status, body = self.qiniu.answer
        if status == 0:
            self.qiniu.hangs.wait(20)
        else:
            self._reply(status, body)
        return True

    def _stat(self) -> None:
        if found := self._managed():
            content = self.qiniu.objects.get(found)
            told = {"error": "no such file or directory"} if content is None else {"fsize": len(content)}
            self._reply(612 if content is None else 200, json.dumps(told).encode())

    def _delete(self) -> None:
        if found := self._managed():
            self._reply(200 if self.qiniu.objects.pop(found, None) is not None else 612)

    def _managed(self) -> tuple[str, str] | None:
        expected = f"QBox {self.qiniu.auth.token_of_request(self.path)}"
        if self.headers["Authorization"] != expected:
            self._reply(401)
            return None
        bucket, _, key = urlsafe_b64decode(self.path.rpartition("/")[2]).decode().partition(":")
        return bucket, key

    def _download(self) -> None:
        address, _, token = f"{self.qiniu.url}{self.path}".partition("&token=")
        parts = urlsplit(address)
        bucket, _, key = parts.path.lstrip("/").partition("/")
        if bucket == PRIVATE:
            ends = int(parse_qs(parts.query).get("e", ["0"])[0])
            if token != self.qiniu.auth.token(address) or ends < time.time():
                self._reply(401)
                return
        content = self.qiniu.objects.get((bucket, key))
        self._reply(404 if content is None else 200, content or b"")

    def _upload(self, body: bytes) -> None:
        parsed = BytesParser(policy=HTTP).parsebytes(
            b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body
        )
        assert isinstance(parsed, EmailMessage)
        parts = {_name(part): part for part in parsed.iter_parts()}
        token = parts["token"].get_content().strip()
        access, _, policy = Auth.up_token_decode(token)
        if token != self.qiniu.auth.token_with_data(json.dumps(policy, separators=(",", ":"))) or access != ACCESS:
            self._reply(401)
            return
        file, content_type = parts["file"].get_payload(decode=True), parts["file"].get_content_type()
        assert isinstance(file, bytes)
        self._reply(self._store(policy, parts["key"].get_content().strip(), file, content_type), b"{}")

    def _store(self, policy: dict[str, Any], key: str, file: bytes, content_type: str) -> int:
        """https://developer.qiniu.com/kodo/1206/put-policy; the statuses are of /kodo/3928/error-responses."""
        bucket, _, allowed = policy["scope"].partition(":")
        if key != allowed or policy["deadline"] < time.time():
            return 401
        if not policy.get("fsizeMin", 0) <= len(file) <= policy.get("fsizeLimit", 2**40):
            return 413 if len(file) > policy["fsizeLimit"] else 403
        if content_type not in policy.get("mimeLimit", content_type).split(";"):
            return 403
        if (bucket, key) in self.qiniu.objects and policy.get("insertOnly"):
            return 614
        self.qiniu.objects[bucket, key], self.qiniu.types[bucket, key] = file, content_type
        return 200

    def _reply(self, status: int, body: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def _name(part: Message) -> str:
    return str(part.get_param("name", header="Content-Disposition"))
