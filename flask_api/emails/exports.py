"""Everything that is kept of somebody as a file, whose address they get by mail.

A job makes the file, another one mails its address, a third deletes it in time. Each may run twice.
"""

import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from flask import current_app
from sqlalchemy import bindparam, delete, select

from flask_api.accounts.codes import DAY, counted
from flask_api.audit import services as audit
from flask_api.core import personal_data
from flask_api.core.database import now
from flask_api.core.errors import Conflict, TooManyRequests
from flask_api.core.jobs import background, scheduled
from flask_api.core.rate_limits import Limit
from flask_api.core.response_shapes import to_json
from flask_api.core.transaction import lock, rows, transactional
from flask_api.emails.models import AccountExport
from flask_api.emails.services import EmailMissing
from flask_api.extensions import db, settings
from flask_api.mail.messages import Language
from flask_api.mail.services import check_mail_is_sent, send_mail
from flask_api.providers.storage import ObjectMissing, Storage
from flask_api.setting_kinds import Quota
from flask_api.users.models import UserAuth
from flask_api.users.services import lock_user

LIFETIME = timedelta(hours=24)  # of the file; and after so long one that was never made is given up
HOUR = 3600  # seconds
BATCH = 100
FILENAME = "solo-data.zip"
EXPORTS_PER_USER = Limit("exports", "a user", lambda _: Quota(3, DAY))


class ExportUnderWay(Conflict):
    status = "EXPORT_UNDER_WAY"
    message = "Your data is being put together already; the mail will come."


class TooManyExports(TooManyRequests):
    status = "TOO_MANY_EXPORTS"
    message = "You have asked for your data too often today."


@dataclass(frozen=True, slots=True)
class StartedExport:
    email: str
    created_at: datetime


MINE = select(AccountExport.created_at, AccountExport.ready_at, AccountExport.expires_at, AccountExport.key)
MINE = MINE.where(AccountExport.user_id == bindparam("user_id")).order_by(AccountExport.id)
WHOSE = select(AccountExport.user_id, AccountExport.key, AccountExport.expires_at, UserAuth.email)
WHOSE = WHOSE.join(UserAuth, UserAuth.id == AccountExport.user_id).where(AccountExport.id == bindparam("export_id"))
EXPIRED = select(AccountExport.id, AccountExport.key).where(AccountExport.expires_at <= bindparam("present"))
EXPIRED = EXPIRED.order_by(AccountExport.expires_at).limit(BATCH)


def start_export(user_id: int, *, language: Language) -> StartedExport:
    """Have everything that is kept of a user put into a file, and its address mailed.

    Raises:
        EmailMissing: they have no e-mail address.
        ExportUnderWay: the one before is not ready.
        TooManyExports: they had three today.
        MailError: mail is switched off.
    """
    check_mail_is_sent()
    with counted([(EXPORTS_PER_USER, str(user_id), TooManyExports)]):
        return _start(user_id, language)


@transactional
def _start(user_id: int, language: Language) -> StartedExport:
    user = lock_user(user_id)
    if user.email is None:
        raise EmailMissing
    if any(row.ready_at is None and row.expires_at > now() for row in rows(MINE, user_id=user_id)):
        raise ExportUnderWay
    export = AccountExport(user_id=user_id, key=f"exports/{secrets.token_hex(16)}.zip", expires_at=now() + LIFETIME)
    db.session.add(export)
    db.session.flush()
    make_export(export_id=export.id, key=export.key, language=language)
    audit.record("export_requested", user_id=user_id)
    return StartedExport(user.email, export.created_at)


@background
def make_export(*, export_id: int, key: str, language: Language) -> None:
    """Make the file, and have its address mailed.

    Raises:
        StorageError: the job is tried again.
    """
    found = rows(WHOSE, export_id=export_id)
    if found:
        with TemporaryFile() as file:
            _write_zip(found[0].user_id, file)
            file.seek(0)
            _storage().put(key, file, content_type="application/zip", public=False)
    if not _note_ready(export_id, language):
        _storage().delete([key])  # the account was erased, maybe while the file was made


def _write_zip(user_id: int, file: IO[bytes]) -> None:
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        exported = {"exported_at": now(), "data": personal_data.export_all(user_id)}
        archive.writestr("data.json", to_json(exported))
        for name, key in personal_data.files_of(user_id):
            try:
                with _storage().open(key) as source, archive.open(f"files/{name}", "w", force_zip64=True) as target:
                    shutil.copyfileobj(source, target)
            except ObjectMissing:  # deleted since the list was read
                continue


@transactional
def _note_ready(export_id: int, language: Language) -> bool:
    export = lock(AccountExport, export_id)
    if export is None:
        return False
    if export.ready_at is None:
        export.ready_at = now()
        export.expires_at = export.ready_at + LIFETIME
        mail_export(export_id=export_id, language=language)
    return True


@background
def mail_export(*, export_id: int, language: Language) -> None:
    """Mail the file's address, which is made here: it would be a secret to keep.

    Raises:
        MailError: it was not taken; the job is tried again.
    """
    for found in rows(WHOSE, export_id=export_id):
        left = int((found.expires_at - now()).total_seconds())
        if found.email is None or left <= 0:
            return
        address = _storage().private_url(found.key, lifetime=left, filename=FILENAME)
        values = {"url": f"{_site()}{address}" if address.startswith("/") else address, "hours": -(-left // HOUR)}
        key = f"export {export_id}"
        send_mail.now(to=found.email, template="export_ready", language=language, values=values, key=key)


def _site() -> str:
    """Return how people reach this server."""
    if settings.public_url or not settings.in_production:
        return settings.public_url.rstrip("/") or f"http://localhost:{settings.port}"
    return f"https://{settings.allowed_hosts[0]}"


@scheduled(every=HOUR)
@background
def delete_expired_exports() -> None:
    """Delete the files whose time is over, and then their rows."""
    while expired := rows(EXPIRED, present=now()):
        _storage().delete([row.key for row in expired])
        _delete([row.id for row in expired])


@transactional
def _delete(ids: list[int]) -> None:
    old = delete(AccountExport).where(AccountExport.id.in_(ids), AccountExport.expires_at <= now())
    db.session.execute(old.execution_options(synchronize_session=False))


@background
def delete_files(*, keys: list[str]) -> None:
    """Delete files from the storage."""
    _storage().delete(keys)


def _erase(user_id: int) -> None:
    if keys := [row.key for row in rows(MINE, user_id=user_id)]:
        delete_files(keys=keys)


def _export(user_id: int) -> list[dict[str, Any]]:
    found = rows(MINE, user_id=user_id)
    return [{"created_at": row.created_at, "ready_at": row.ready_at, "expires_at": row.expires_at} for row in found]


def _storage() -> Storage:
    storage: Storage = current_app.extensions["storage"]
    return storage


personal_data.register("exports", export=_export, erase=_erase)
