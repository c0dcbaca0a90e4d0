"""The console: for development, where the answer to who asks for a code carries it."""

import logging

from flask_api.settings import Settings

log = logging.getLogger(__name__)


class ConsoleSMS:
    """Writes to the log that something was sent; the code itself, a secret, stays out of it."""

    offline = True

    def send_code(self, phone: str, code: str, minutes: int) -> None:
        log.info("console SMS to %s***: a code, valid for %d minutes", phone[:6], minutes)


def make_provider(values: Settings) -> ConsoleSMS:
    return ConsoleSMS()
