"""The listening socket: bound once, and handed from server to server, so that nobody who knocks is turned away."""

import os
import socket
import tomllib
from collections.abc import Mapping
from pathlib import Path

from dotenv import dotenv_values

BACKLOG = 1024
PORTS = range(65536)


class ListeningError(Exception):
    """We cannot listen there; the text is one line for the developer."""


def listen(host: str, port: str) -> socket.socket:
    """Bind and listen; port 0 takes any free one.

    Raises:
        ListeningError: the port is taken, may not be used, or is none.
    """
    if not port.isdigit() or int(port) not in PORTS:
        raise ListeningError(f"{port!r} is no port")
    try:
        family = socket.getaddrinfo(host, int(port), type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0][0]
        return socket.create_server((host, int(port)), family=family, backlog=BACKLOG)
    except (OSError, UnicodeError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise ListeningError(
            f"cannot listen on {host}:{port}: {reason} (choose another with --port or SOLO_PORT)"
        ) from None


def configured_address(root: Path, environment: Mapping[str, str] = os.environ) -> tuple[str, str]:
    """Return host and port by the layers of flask_api/settings.py, read without it: it may be broken just now."""
    return _setting(root, environment, "host", "127.0.0.1"), _setting(root, environment, "port", "5000")


def _setting(root: Path, environment: Mapping[str, str], name: str, default: str) -> str:
    variable = f"SOLO_{name.upper()}"
    layers = environment.get(variable), dotenv_values(root / ".env").get(variable), _overrides(root).get(name)
    return next((str(value) for value in layers if value is not None and value != ""), default)


def _overrides(root: Path) -> dict[str, object]:
    try:
        return tomllib.loads((root / "config_override.toml").read_text())
    except (OSError, ValueError):
        return {}  # the server will say what is wrong with it
