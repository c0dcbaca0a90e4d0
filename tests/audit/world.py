"""Whom tests of the audit watch, and what these people may send."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.clients import Client, data

PASSWORD, OTHER = "correct horse", "battery staple"
HERE = {"headers": {"X-Request-ID": "my-request.1"}, "environ_base": {"REMOTE_ADDR": "203.0.113.7"}}


@dataclass
class World:
    """Somebody with a password, an admin, somebody who is not logged in, and an app key."""

    stranger: Client
    admin: Client
    user: Client
    phone: str
    banned: Client
    banned_phone: str
    app_key_id: int

    @property
    def masked(self) -> str:
        return masked(self.phone)


def masked(phone: str) -> str:
    return f"+86{phone[0]}****{phone[-2:]}"


Request = tuple[Client, str, str, dict[str, Any] | None]
Told = tuple[str, int | None, int | None, dict[str, Any]]  # action, actor, subject, details


def by_password(w: World, phone: str, password: str) -> Request:
    return w.stranger, "POST", "/auth/password-login", {"phone": phone, "password": password}


def by_code(w: World, phone: str, change: Callable[[str], str] = str) -> Request:
    return w.stranger, "POST", "/auth/sms-login", {"phone": phone, "code": change(code_for(w.stranger, phone))}


def proof_by(w: World, password: str) -> Request:
    return w.user, "POST", "/auth/proofs", {"password": password}


def reset(w: World, phone: str, change: Callable[[str], str] = str) -> Request:
    code = change(code_for(w.stranger, phone, "password_reset"))
    return w.stranger, "POST", "/auth/password-reset", {"phone": phone, "code": code, "new_password": OTHER}


def admins(w: World, method: str, path: str, **body: Any) -> Request:
    return w.admin, method, f"/admin{path}", body or None


def login(way: str, **told: bool) -> dict[str, Any]:
    return {"way": way, "registered": False, "restored": False, **told}


def refused(way: str, phone: str, reason: str) -> dict[str, Any]:
    return {"way": way, "phone": masked(phone), "reason": reason}


def told(entry: Any) -> Told:
    return entry.action, entry.actor_id, entry.subject_id, entry.details


def code_for(client: Client, phone: str, purpose: str = "login") -> str:
    return str(data(client.post("/auth/sms-codes", json={"phone": phone, "purpose": purpose}))["code"])


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06d}"
