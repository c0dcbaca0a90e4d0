"""Everything that is kept of somebody as a file, whose address they get by mail.

A job makes the file, another one mails its address, a third has it deleted in time. Each may run twice. The file is
entered in uploads/objects.py before it is stored, so that it goes even if the row here has gone without a word.
"""

import secrets
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZipFile

from sqlalchemy import bindparam, select

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
from flask_api.providers.storage import ObjectMissing
from flask_api.setting_kinds import Quota
from flask_api.uploads import objects
from flask_api.uploads.objects import MARGIN, storage
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
    if found and _enter_file(export_id):
        with TemporaryFile() as file:
            _write_zip(found[0].user_id, file)
            file.seek(0)
            storage().put(key, file, content_type="application/zip", public=False)
    if not _note_ready(export_id, language):
        storage().delete([key])  # the account was erased, maybe while the file was made


@transactional
def _enter_file(export_id: int) -> bool:
    """Enter the file that will be stored; False: nobody waits for it any more."""
    export = lock(AccountExport, export_id)
    if export is None:
        return False
    objects.enter([export.key], delete_after=now() + LIFETIME + MARGIN)
    return True


def _write_zip(user_id: int, file: IO[bytes]) -> None:
    with ZipFile(file, "w", ZIP_DEFLATED) as archive:
        exported = {"exported_at": now(), "data": personal_data.export_all(user_id)}
        archive.writestr("data.json", to_json(exported))
        for name, key in personal_data.files_of(user_id):
            try:
                with storage().open(key) as source, archive.open(f"files/{name}", "w", force_zip64=True) as target:
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
        objects.enter([export.key], delete_after=export.expires_at + MARGIN)
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
        address = storage().private_url(found.key, lifetime=left, filename=FILENAME)
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
    """Delete the exports whose time is over, and have their files deleted."""
    while _delete_expired() == BATCH:
        pass


@transactional
def _delete_expired() -> int:
    query = select(AccountExport).where(AccountExport.expires_at <= now()).order_by(AccountExport.expires_at)
    expired = db.session.scalars(query.limit(BATCH).with_for_update()).all()
    for export in expired:
        _drop_file(export.key, export.ready_at)
        db.session.delete(export)
    if expired:
        objects.sweep()
    return len(expired)


def _drop_file(key: str, ready_at: datetime | None) -> None:
    """Have a file deleted: now, or once nobody can be at making it any more."""
    objects.enter([key], delete_after=now() + (timedelta() if ready_at else MARGIN))


@background
def delete_files(*, keys: list[str]) -> None:
    """Delete files from the storage: a job of the release before, of which some may wait."""
    storage().delete(keys)


def _erase(user_id: int) -> None:
    for row in rows(MINE, user_id=user_id):
        _drop_file(row.key, row.ready_at)
    objects.sweep()


def _export(user_id: int) -> list[dict[str, Any]]:
    found = rows(MINE, user_id=user_id)
    return [{"created_at": row.created_at, "ready_at": row.ready_at, "expires_at": row.expires_at} for row in found]


personal_data.register("exports", export=_export, erase=_erase)
