"""An SMS provider that is not of development."""

from flask_api.providers.sms import SMSError


class SendingSMS:
    """A provider whose codes reach a phone, so that no answer carries a code; ``fails`` makes it fail."""

    offline = False

    def __init__(self, fails: bool = False) -> None:
        self.sent: list[tuple[str, str]] = []
        self.fails = fails

    def send_code(self, phone: str, code: str, minutes: int) -> None:
        if self.fails:
            raise SMSError(sent=False)
        self.sent.append((phone, code))
