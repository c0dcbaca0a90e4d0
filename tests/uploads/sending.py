"""Files to send, and a client that sends them as a phone would."""

import base64
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask
from PIL import Image
from sqlalchemy import func, select, update

from flask_api.accounts.leaving import erase_account
from flask_api.core.transaction import transactional
from flask_api.providers.storage.local_files import LocalFiles
from flask_api.providers.storage.signed_links import LinkSigner
from flask_api.settings import Settings
from flask_api.uploads import objects
from flask_api.uploads.models import StoredObject, Upload
from flask_api.users.services import lock_user
from tests.clients import Client, data
from tests.factories import Factory
from tests.jobs_run import run_jobs

PLACE = b"31.2304N 121.4737E"


def photo(form: str = "JPEG", size: tuple[int, int] = (640, 480), mode: str = "RGB", **options: Any) -> bytes:
    """An encoded picture whose left upper quarter is red, and the rest blue."""
    image = Image.new("RGB", size, (0, 0, 220))
    image.paste((220, 0, 0), (0, 0, size[0] // 2, size[1] // 2))
    file = BytesIO()
    image.convert(mode).save(file, form, **options)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A real picture of one colour: a few kilobytes that want much memory."""
    file = BytesIO()
    Image.new("1", (width, height)).save(file, "PNG")
    return file.getvalue()


def film(brand: bytes = b"isom") -> bytes:
    return b"\0\0\0\x18ftyp" + brand + b"\0\0\2\0isomiso2" + bytes(range(256)) * 16


def arrive(app: Flask, grant: dict[str, Any], content: bytes) -> None:
    """Do what the server does with the bytes that are sent to a granted address."""
    settings: Settings = app.extensions["settings"]
    path, _, query = grant["url"].partition("?")
    link = LinkSigner(settings.secret_key).read_upload(path, query)
    assert link.size == len(content)
    partial = LocalFiles(settings.data_dir).begin(link.key, link.size)
    partial.write(content)
    partial.finish()


def grant(client: Client, content: bytes, kind: str = "photo", content_type: str = "image/jpeg") -> Any:
    """Ask where to send a file."""
    return data(client.post("/uploads", json={"kind": kind, "size": len(content), "content_type": content_type}))


def send(client: Client, content: bytes, kind: str = "photo", content_type: str = "image/jpeg") -> Any:
    """Send a file, have it looked at, and return the upload as it is then."""
    granted = grant(client, content, kind, content_type)
    arrive(client.app, granted, content)
    assert data(client.post(f"/uploads/{granted['id']}/complete"))["state"] == "processing"
    run_jobs(client.app)
    return data(client.get(f"/uploads/{granted['id']}"))


def use(client: Client, upload_id: int) -> Any:
    """Put an upload into somebody's album, and return the photo."""
    return data(client.post("/users/me/photos", json={"upload_id": upload_id}))


def media(client: Client, url: str) -> Path:
    """Where the object of a public address lies."""
    settings: Settings = client.app.extensions["settings"]
    return settings.data_dir / url.removeprefix("/")


def stored(client: Client) -> list[Path]:
    """All files that the storage has."""
    settings: Settings = client.app.extensions["settings"]
    folders = (settings.data_dir / "media", settings.data_dir / "files")
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


def sweep(app: Flask) -> None:
    with app.app_context():
        objects.sweep.now()
    run_jobs(app)


def age(make: Factory, hours: float) -> None:
    """Let all that is to be deleted some day be so many hours nearer to it."""
    for table in (Upload, StoredObject):
        for key, day in make.execute(select(table.__table__.primary_key.columns[0], table.delete_after)):
            if day is not None:
                own = table.__table__.primary_key.columns[0] == key
                make.execute(update(table).where(own).values(delete_after=day - timedelta(hours=hours)))


def count(make: Factory, table: Any) -> int:
    return int(make.execute(select(func.count()).select_from(table))[0][0])


def erase(app: Flask, client: Client) -> None:
    """Erase an account, as the job does when its grace period is over."""

    @transactional
    def erase_now() -> None:
        erase_account(lock_user(client.user_id or 0))

    with app.app_context():
        erase_now()
