"""Where that comes from which happens now: for rules, which know nothing of requests."""

from dataclasses import dataclass
from ipaddress import ip_address

from flask import g, has_request_context, request

from flask_api.extensions import settings

LONGEST_ADDRESS = 45  # characters of an IPv6 address that ends as IPv4; a proxy may claim more

PEER = "solo.peer"  # of a WSGI environ: the other end of the socket, whatever headers say; "unix": a socket of ours
FORWARDED = ("X_FORWARDED_FOR", "X_FORWARDED_PROTO", "X_FORWARDED_HOST", "X_REAL_IP", "FORWARDED", "VIA")


@dataclass(frozen=True, slots=True)
class Origin:
    """A request: the client's address, its id, and who calls, where that is known by now."""

    address: str
    request_id: str
    user_id: int | None


# A command of manage.py, or what the server does by itself.
NO_REQUEST = Origin(address="local", request_id="", user_id=None)


def current_origin() -> Origin:
    """Return the origin of what this thread does now."""
    if not has_request_context():
        return NO_REQUEST
    return Origin((request.remote_addr or "")[:LONGEST_ADDRESS], g.get("request_id", ""), g.get("user_id"))


def comes_from_this_machine() -> bool:
    """Whether a program on this machine asks by itself: a proxy on it asks for others, and says so or is known."""
    environ = request.environ
    peer = environ.get(PEER, "")
    if peer in settings.trusted_proxies or any(f"HTTP_{name}" in environ for name in FORWARDED):
        return False
    if peer in ("unix", environ.get("SERVER_NAME")):  # who asks a machine's own address, from there, asks from there
        return bool(peer)
    try:
        return ip_address(peer.removeprefix("::ffff:")).is_loopback  # IPv4 on a socket that takes both
    except ValueError:
        return False
