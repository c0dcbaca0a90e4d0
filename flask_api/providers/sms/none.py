"""No SMS at all: people log in by password."""

from flask_api.providers.sms.sending import SMSError
from flask_api.settings import Settings


class NoSMS:
    """Sends nothing and says so."""

    offline = False

    def send_code(self, phone: str, code: str, minutes: int) -> None:
        raise SMSError("No SMS can be sent from here; log in by password.", sent=False)


def make_provider(values: Settings) -> NoSMS:
    return NoSMS()
