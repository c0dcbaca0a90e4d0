"""SSH as a careful operator wants it: Fabric's keys and ssh config, known host keys only, and errors in one line.

Fabric alone accepts any host key, changed ones too. Here the key must be in known_hosts (ssh's own files, or those of
UserKnownHostsFile and GlobalKnownHostsFile). ``StrictHostKeyChecking accept-new`` in the ssh config accepts and records
unknown ones, ``no`` accepts them; a changed key is refused whatever the config says.
"""

import logging
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fabric import Config, Connection
from paramiko import (
    AuthenticationException,
    BadHostKeyException,
    MissingHostKeyPolicy,
    PasswordRequiredException,
    PKey,
    SSHClient,
    SSHException,
)
from paramiko.hostkeys import InvalidHostKey
from paramiko.ssh_exception import NoValidConnectionsError

from deploy.errors import Unreachable
from deploy.hosts import Host

CONNECT_SECONDS = 10  # for each of TCP, greeting, login; ConnectTimeout and `fab -t` change the first
DEAD_AFTER = 30  # seconds without an answer from the other side's kernel
KNOWN_HOSTS = "~/.ssh/known_hosts ~/.ssh/known_hosts2"
GLOBAL_KNOWN_HOSTS = "/etc/ssh/ssh_known_hosts /etc/ssh/ssh_known_hosts2"


class KnownHostsOnly(MissingHostKeyPolicy):  # type: ignore[misc]  # paramiko has no types
    """What happens to a host whose key nobody knows; ``mode`` is the ssh config's StrictHostKeyChecking."""

    def __init__(self, mode: str, record: Path | None) -> None:
        self.mode = mode
        self.record = record

    def missing_host_key(self, client: SSHClient, hostname: str, key: PKey) -> None:
        """Refuse it, unless the operator's ssh config says otherwise."""
        if self.mode in ("no", "off"):
            return
        if self.mode != "accept-new" or self.record is None:
            raise UnknownHostKey(key)
        self.record.parent.mkdir(mode=0o700, exist_ok=True)
        with self.record.open("a") as file:
            file.write(f"{hostname} {key.get_name()} {key.get_base64()}\n")


class UnknownHostKey(SSHException):  # type: ignore[misc]  # paramiko has no types
    """Nobody has vouched for this key."""

    def __init__(self, key: PKey) -> None:
        super().__init__(key.fingerprint)


def make_connection(host: Host, config: Config) -> Connection:
    """Return a connection that is not open yet; ``config`` is Fabric's, with the operator's ssh config and keys."""
    logging.getLogger("paramiko").setLevel(logging.CRITICAL)  # it logs tracebacks of what we say in one line
    # A copy: Fabric would write the keys of one host into the config of all. It adds `fab -i` by itself.
    options = {name: value for name, value in dict(config.connect_kwargs).items() if name != "key_filename"}
    options |= {"banner_timeout": CONNECT_SECONDS, "auth_timeout": CONNECT_SECONDS, "channel_timeout": CONNECT_SECONDS}
    connection = Connection(host.address, port=host.port, config=config, connect_kwargs=options)
    given = config.connect_kwargs.get("key_filename") or []  # `fab -i`: must be there
    _set_up(connection, host.name, given)
    return connection


def _set_up(connection: Connection, name: str, given: list[str]) -> None:
    """Make the connection, and those it jumps over, patient for a while, and careful with keys."""
    if "timeout" in connection.connect_kwargs:  # `fab -t`
        connection.connect_timeout = None
    elif connection.connect_timeout is None:
        connection.connect_timeout = CONNECT_SECONDS
    if keys := connection.connect_kwargs.get("key_filename"):
        connection.connect_kwargs["key_filename"] = [key for key in keys if key in given or Path(key).exists()]
    found = connection.ssh_config
    own = _files(found.get("userknownhostsfile", KNOWN_HOSTS))
    for file in [*own, *_files(found.get("globalknownhostsfile", GLOBAL_KNOWN_HOSTS))]:
        try:
            connection.client.load_system_host_keys(str(file))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, InvalidHostKey) as error:
            raise Unreachable(name, f"{file} cannot be read: {error}") from None
    mode = found.get("stricthostkeychecking", "ask").lower()
    connection.client.set_missing_host_key_policy(KnownHostsOnly(mode, own[0] if own else None))
    if isinstance(connection.gateway, Connection):
        _set_up(connection.gateway, name, given)


def _files(value: str) -> list[Path]:
    words = (word.strip('"') for word in value.split())
    return [Path(word.replace("%d", "~")).expanduser() for word in words if word not in ("none", "/dev/null")]


def open_connection(connection: Connection, name: str) -> None:
    """Connect and log in, at most some tens of seconds.

    Raises:
        Unreachable: says in one line why not.
    """
    with _connecting(name, connection):
        connection.open()
        connection.transport.set_keepalive(10)
        _notice_silence(connection.transport.sock)


def _notice_silence(sock: object) -> None:
    """Let the kernel break a connection whose other side does not answer; TCP alone waits a quarter of an hour."""
    option = getattr(socket, "TCP_USER_TIMEOUT", None)
    if option is not None and isinstance(sock, socket.socket):
        sock.setsockopt(socket.IPPROTO_TCP, option, DEAD_AFTER * 1000)


@contextmanager
def talking(name: str) -> Iterator[None]:
    """Turn what comes of a connection that breaks, or of a host that falls silent, into Unreachable."""
    try:
        yield
    except TimeoutError:
        raise Unreachable(name, "it has fallen silent") from None
    except (OSError, EOFError, SSHException) as error:
        raise Unreachable(name, f"the connection broke{f' ({error})' if str(error) else ''}") from None


@contextmanager
def _connecting(name: str, connection: Connection) -> Iterator[None]:
    try:
        yield
    except UnknownHostKey as error:
        port = f" -p {connection.port}" if connection.port != 22 else ""
        by_hand = f"compare, then accept it once: ssh{port} {connection.user}@{connection.original_host}"
        raise Unreachable(name, f"nobody has vouched for its host key {error}; {by_hand}") from None
    except BadHostKeyException as error:
        shown, known = error.key.fingerprint, error.expected_key.fingerprint
        advice = "find out why before you mend known_hosts (ssh-keygen -R)"
        raise Unreachable(name, f"its host key has CHANGED from {known} to {shown}; {advice}") from None
    except PasswordRequiredException:
        raise Unreachable(name, "the key is locked; unlock it: ssh-add, or fab --prompt-for-passphrase") from None
    except AuthenticationException:
        raise Unreachable(name, f"it refuses the login of {connection.user}; no key fits (ssh-add -l)") from None
    except (OSError, EOFError, SSHException, ValueError) as error:
        if str(error) == "No authentication methods available":  # paramiko's SSHClient has no class for it
            raise Unreachable(name, f"there is no key to log in with as {connection.user} (ssh-add, fab -i)") from None
        raise Unreachable(name, _reason(error, f"{connection.host} port {connection.port}")) from None


def _reason(error: Exception, place: str) -> str:
    if isinstance(error, socket.gaierror):
        return f"nobody knows the address of {place.split(maxsplit=1)[0]}"
    if isinstance(error, TimeoutError):
        return f"no answer from {place}"
    if isinstance(error, NoValidConnectionsError):
        return f"nobody listens at {place}"
    if isinstance(error, FileNotFoundError):
        return f"there is no key {error.filename}"
    text = getattr(error, "strerror", None) or str(error) or "the connection broke"
    return f"cannot connect to {place}: {' '.join(text.split())}"
