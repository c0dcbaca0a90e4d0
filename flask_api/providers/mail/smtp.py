"""Mail by SMTP (RFC 5321), encrypted by STARTTLS or from the first byte, with the server's certificate verified."""

import logging
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from flask_api.providers.mail.limited_socket import LimitedTLS, Limits, connect
from flask_api.providers.mail.sending import MailError, MailRefused
from flask_api.providers.outside import calling
from flask_api.settings import Settings

log = logging.getLogger(__name__)

MAX_ANSWERS = 64 * 1024  # bytes; all that a server says of one mail is about one thousand


class SmtpMail:
    """Sends each mail over a connection of its own.

    Args:
        trusted: whose certificates are believed; None: those of the system's authorities.
    """

    sends = True

    def __init__(self, values: Settings, trusted: ssl.SSLContext | None = None) -> None:
        self._values = values
        self._context = trusted or ssl.create_default_context()
        self._context.sslsocket_class = LimitedTLS

    def send(self, message: EmailMessage) -> None:
        try:
            with calling("mail"):
                self._send(message)
        except MailError as error:
            log.warning("the mail server: %s", error.__cause__ or error)
            raise

    def _send(self, message: EmailMessage) -> None:
        limits = Limits(self._values.smtp_timeout, MAX_ANSWERS)
        try:
            exchange = _Exchange(self._values, self._context, limits)
            try:
                exchange.send_message(message)
                exchange.say_goodbye()
            finally:
                exchange.close()
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            is_final = all(500 <= code < 600 for code in codes)  # RFC 5321 §4.2.1
            raise (MailRefused if is_final else MailError)() from _Said(f"refused the recipient: {codes}")
        except smtplib.SMTPAuthenticationError as error:  # settings can be put right: never the mail's fault
            raise MailError from _Said(f"refused the login: {error.smtp_code}")
        except smtplib.SMTPSenderRefused as error:  # as well: it is our address that they do not like
            raise MailError from _Said(f"refused the sender: {error.smtp_code}")
        except smtplib.SMTPDataError as error:
            refusal = MailRefused if 500 <= error.smtp_code < 600 else MailError
            raise refusal from _Said(f"refused the mail: {error.smtp_code}")
        except smtplib.SMTPResponseException as error:
            raise MailError from _Said(f"said {error.smtp_code}")
        except (smtplib.SMTPException, OSError, ValueError) as error:  # ValueError: what they say is no SMTP
            raise MailError from _Said(f"failed: {type(error).__name__}")


class _Said(Exception):
    """What went wrong, for the log: never what the server wrote, which may repeat an address."""


class _Exchange(smtplib.SMTP):
    """A connection that is greeted, encrypted and logged in; all of it within the limits."""

    def __init__(self, values: Settings, context: ssl.SSLContext, limits: Limits) -> None:
        self._limits, self._context, self._security = limits, context, values.smtp_security
        domain = parseaddr(values.mail_from)[1].partition("@")[2]
        try:
            # A name for EHLO is given, or smtplib would ask the DNS for ours.
            super().__init__(values.smtp_host, values.smtp_port, local_hostname=domain or "localhost")
            if self._security == "starttls":
                self.starttls(context=context)  # refused if they do not offer it: it raises
                self._limit(self.sock)
            if values.smtp_user:
                self.ehlo_or_helo_if_needed()
                self.login(values.smtp_user, values.smtp_password)
        except BaseException:
            self.close()
            raise

    def _get_socket(self, host: str, port: int, timeout: Any) -> Any:
        """Called by smtplib to connect."""
        plain = connect(host, port, self._limits)
        if self._security != "tls":
            return plain
        return self._limit(self._context.wrap_socket(plain, server_hostname=host))

    def _limit(self, encrypted: Any) -> Any:
        encrypted.limits = self._limits
        return encrypted

    def say_goodbye(self) -> None:
        """End the session in form; the mail is theirs by now, whatever becomes of this."""
        try:
            self.quit()
        except (smtplib.SMTPException, OSError, ValueError):
            log.info("the mail server took the mail, and failed at QUIT")


def make_provider(values: Settings) -> SmtpMail:
    return SmtpMail(values)
