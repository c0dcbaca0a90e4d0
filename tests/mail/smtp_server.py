"""Real SMTP servers on loopback: a good one (aiosmtpd), and bad ones that speak as a script says."""

import socket
import ssl
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as WIRE
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.mail.authority import Authority

USER, PASSWORD = "solo", "correct horse"


class MailServer:
    """Takes mail on 127.0.0.1 and keeps it; ``refuse`` maps MAIL, RCPT or DATA to what is answered in the place of 250.

    Args:
        security: as in the settings.
        login: whether who does not log in is refused.
    """

    def __init__(self, security: str = "none", authority: Authority | None = None, login: bool = False) -> None:
        self.received: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.was_encrypted: list[bool] = []
        self.refuse: dict[str, str] = {}
        context = None
        if authority is not None:
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            context.load_cert_chain(authority.certificate, authority.key)
        upgrade = {"tls_context": context, "require_starttls": True} if security == "starttls" else {}
        options: dict[str, Any] = {"auth_required": login, "authenticator": self._log_in, **upgrade}
        if login:
            options["auth_require_tls"] = security == "starttls"  # with tls aiosmtpd does not know that it is encrypted
        wrapped = context if security == "tls" else None
        self._controller = _Controller(self, hostname="127.0.0.1", port=free(), ssl_context=wrapped, **options)

    @property
    def port(self) -> int:
        return int(self._controller.port)

    def __enter__(self) -> Self:
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._controller.stop()

    def _log_in(self, _server: SMTP, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        is_right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=is_right, handled=False)

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if "MAIL" in self.refuse:
            return self.refuse["MAIL"]
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any) -> str:  # noqa: N802
        if "RCPT" in self.refuse:
            return self.refuse["RCPT"]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:  # noqa: N802
        if "DATA" in self.refuse:
            return self.refuse["DATA"]
        self.received.append(BytesParser(policy=WIRE).parsebytes(envelope.content))  # type: ignore[arg-type]
        self.recipients += envelope.rcpt_tos
        self.was_encrypted.append(session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None)
        return "250 OK"


class _Controller(Controller):
    def _trigger_server(self) -> None:
        """Controller's own asks the server for its greeting over a connection that trusts no authority of ours."""
        with socket.create_connection((self.hostname, self.port), 5):
            pass

    def factory(self) -> SMTP:
        return SMTP(self.handler, hostname="localhost", **self.SMTP_kwargs)


def free() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class BadServer:
    """Takes connections and lets ``speak`` do with each what it likes, until the test ends."""

    def __init__(self, speak: "Callable[[socket.socket, threading.Event], None]") -> None:
        self._speak, self._ends = speak, threading.Event()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()
        self._thread.join(5)

    def _run(self) -> None:
        while not self._ends.is_set():
            try:
                connection, _ = self._listening.accept()
                with connection:
                    self._speak(connection, self._ends)
            except OSError:
                continue


def hang(connection: socket.socket, ends: threading.Event) -> None:
    """Take the connection and say nothing."""
    ends.wait()


def drip(connection: socket.socket, ends: threading.Event) -> None:
    """Greet for ever, a byte at a time, each long before the time-out of a socket."""
    while not ends.wait(0.05):
        connection.sendall(b"2")


def drip_lines(connection: socket.socket, ends: threading.Event) -> None:
    """Greet for ever, a line at a time."""
    while not ends.wait(0.05):
        connection.sendall(b"220-still here\r\n")


def flood(connection: socket.socket, ends: threading.Event) -> None:
    """Greet for ever, as fast as can be."""
    while not ends.is_set():
        connection.sendall(b"220-and another thing\r\n" * 1000)


def garbage(connection: socket.socket, ends: threading.Event) -> None:
    """Speak no SMTP."""
    connection.sendall(bytes(range(256)) * 8 + b"\r\n")


def leave(connection: socket.socket, ends: threading.Event) -> None:
    """Hang up at once."""


def die_at_data(connection: socket.socket, ends: threading.Event) -> None:
    """Be polite until the mail itself comes, and then say nothing more."""
    connection.sendall(b"220 hello\r\n")
    for line in connection.makefile("rb"):
        if line.upper().startswith(b"DATA"):
            connection.sendall(b"354 go on\r\n")
            ends.wait()
            return
        connection.sendall(b"250 OK\r\n")


def be_slow(connection: socket.socket, ends: threading.Event) -> None:
    """Take the mail, with a pause before each answer."""
    in_data = False
    connection.sendall(b"220 hello\r\n")
    for line in connection.makefile("rb"):
        if in_data and line != b".\r\n":
            continue
        time.sleep(0.03)
        in_data = line.upper().startswith(b"DATA")
        connection.sendall(b"354 go on\r\n" if in_data else b"250 OK\r\n")
