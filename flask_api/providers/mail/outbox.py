"""The outbox: for development, a folder of ``.eml`` files, which any mail program opens."""

import logging
import secrets
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

from flask_api.core.logs import masked
from flask_api.providers.outside import calling
from flask_api.settings import Settings

log = logging.getLogger(__name__)


class OutboxMail:
    """Writes each mail to a file of its own, named by time, and says so in the log."""

    sends = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, message: EmailMessage) -> None:
        with calling("mail"):
            path = self.folder / f"{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(4)}.eml"
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            unfinished = path.with_suffix(".part")
            unfinished.write_bytes(message.as_bytes())
            unfinished.replace(path)
        log.info("mail to %s, %s: %s", masked(message["To"]), message["Subject"], path)


def make_provider(values: Settings) -> OutboxMail:
    return OutboxMail(values.data_dir / "outbox")
