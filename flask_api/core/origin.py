"""Where that comes from which happens now: for rules, which know nothing of requests."""

from dataclasses import dataclass

from flask import g, has_request_context, request

LONGEST_ADDRESS = 45  # characters of an IPv6 address that ends as IPv4; a proxy may claim more


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
