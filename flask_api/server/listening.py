"""Where a server listens: sockets that it binds, or that whoever started it has bound already."""

import os
import socket
import ssl
import stat
from dataclasses import dataclass
from pathlib import Path

from tornado.netutil import bind_sockets, bind_unix_socket

from flask_api.settings import Settings

BACKLOG = 1024
FIRST_FD = 3  # sd_listen_fds(3): SD_LISTEN_FDS_START


class ServingError(Exception):
    """The server cannot start, or cannot go on; the text is one line for the operator."""


@dataclass(frozen=True)
class Listening:
    """Sockets that listen. ``inherited``: somebody else holds them too, so connections outlive this server."""

    sockets: list[socket.socket]
    inherited: bool

    @property
    def host_and_port(self) -> tuple[str, int]:
        """The first one's; a Unix socket has its path and 0."""
        name = self.sockets[0].getsockname()
        return (name, 0) if isinstance(name, str) else name[:2]


def listen(settings: Settings) -> Listening:
    """Take the listening sockets that were handed over, else bind what the settings say.

    Raises:
        ServingError: the port is taken, or may not be used, or what was handed over is no listening socket.
    """
    if sockets := inherited_sockets():
        return Listening(sockets, inherited=True)
    return Listening(bind(settings), inherited=False)


def inherited_sockets() -> list[socket.socket]:
    """Return the sockets that were handed over, if any.

    Two customs are known: standard input is the socket (FastCGI, hence supervisord's ``[fcgi-program]``), and
    systemd's, where LISTEN_FDS counts the sockets from descriptor 3 on (sd_listen_fds(3)). Their variables are taken
    out of the environment, as they are not for our own children.

    Raises:
        ServingError: LISTEN_FDS speaks of something else.
    """
    count = os.environ.pop("LISTEN_FDS", "")
    meant_for = os.environ.pop("LISTEN_PID", "")
    if count and meant_for in ("", str(os.getpid())):
        numbers = range(FIRST_FD, FIRST_FD + (int(count) if count.isdigit() else 0))
        if not numbers or not all(map(_listens, numbers)):
            raise ServingError(f"LISTEN_FDS is {count}, but no listening sockets were handed over")
        return [_adopted(number) for number in numbers]
    return [_adopted(0)] if _listens(0) else []


def _listens(number: int) -> bool:
    try:
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            return False
        with socket.socket(fileno=os.dup(number)) as candidate:
            return bool(candidate.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN))
    except OSError:
        return False


def _adopted(number: int) -> socket.socket:
    """Take a descriptor over; what we start ourselves does not get it."""
    adopted = socket.socket(fileno=os.dup(number))
    adopted.setblocking(False)
    if number != 0:
        os.close(number)
        return adopted
    with Path(os.devnull).open("rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    return adopted


def bind(settings: Settings) -> list[socket.socket]:
    """Listen on the host and port of the settings; port 0 takes any free one.

    Raises:
        ServingError: the port is taken, or may not be used.
    """
    try:
        return bind_sockets(settings.port, settings.host, backlog=BACKLOG)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ServingError(
            f"cannot listen on {settings.host}:{settings.port}: {reason} (choose another with --port or SOLO_PORT)"
        ) from None


def bind_process_socket(path: Path) -> socket.socket:
    """Listen on a Unix socket that only our own user may use, in place of one that a process before us left.

    Raises:
        ServingError: there can be none at this path.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return bind_unix_socket(str(path), mode=0o600, backlog=BACKLOG)
    except (OSError, ValueError) as error:
        raise ServingError(f"cannot listen on {path}: {error}") from None


def tls_context(settings: Settings) -> ssl.SSLContext | None:
    """Return the TLS context that the settings ask for, if they do.

    Raises:
        ServingError: certificate or key is missing, unreadable, or they do not match.
    """
    certificate, key = settings.tls_certificate, settings.tls_key
    if certificate is None and key is None:
        return None
    if certificate is None or key is None:
        missing = "SOLO_TLS_CERTIFICATE" if certificate is None else "SOLO_TLS_KEY"
        raise ServingError(f"{missing} is missing: TLS needs both a certificate and its key")
    for path in (certificate, key):
        if not path.is_file():
            raise ServingError(f"TLS: there is no file {path}")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except (ssl.SSLError, OSError) as error:
        raise ServingError(f"TLS: {certificate} and {key} do not go together: {error}") from None
    return context


def address_of(listener: socket.socket, *, secure: bool) -> str:
    """Return the URL under which a browser on this machine finds the listener."""
    if listener.family == socket.AF_UNIX:
        return f"unix:{listener.getsockname()}"
    host, port = listener.getsockname()[:2]
    if host in ("127.0.0.1", "0.0.0.0", "::", "::1"):  # noqa: S104 (compared, not bound)
        host = "localhost"
    return f"{'https' if secure else 'http'}://{f'[{host}]' if ':' in host else host}:{port}"
