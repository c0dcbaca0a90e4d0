"""Files on their way to a server."""

from pathlib import Path

from flask_api.providers.storage.signed_links import LinkSigner
from flask_api.settings import Settings

KEY = "incoming/3f/3f9c0a"


def link(settings: Settings, size: int, key: str = KEY, lifetime: int = 60) -> str:
    """An address to which a file of this size may be sent."""
    return LinkSigner(settings.secret_key).upload(key, size=size, content_type="image/jpeg", lifetime=lifetime)


def head(path: str, length: int | None, *headers: str) -> bytes:
    """The head of a PUT."""
    sized = [] if length is None else [f"Content-Length: {length}"]
    return "\r\n".join([f"PUT {path} HTTP/1.1", "Host: solo.test", *sized, *headers, "", ""]).encode()


def stored(settings: Settings) -> dict[str, bytes]:
    """All that lies in the folder, partial files included, by name."""
    folder: Path = settings.data_dir / "files"
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
