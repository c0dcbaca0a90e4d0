"""A token that was ended on one host is dead on every other, at once. Two real processes stand for the hosts."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.security.two_servers import TwoServers

PASSWORD = "correct horse"
HERE, THERE = 0, 1


class Case:
    """Somebody who is logged in twice, and an admin, on two hosts."""

    def __init__(self, site: TwoServers) -> None:
        self.site = site
        self.phone = site.make.phone()
        self.me = site.make.user(self.phone, password=PASSWORD, role="admin")
        self.chief = site.make.admin()
        self.token, self.other = self.log_in(HERE), self.log_in(THERE)

    def log_in(self, host: int) -> str:
        body = {"phone": self.phone, "code": self.code("login")}
        return str(self.site.ask(host, "POST", "/auth/sms-login", json=body).json()["data"]["token"])

    def code(self, purpose: str) -> str:
        asked = {"phone": self.phone, "purpose": purpose}
        return str(self.site.ask(HERE, "POST", "/auth/sms-codes", json=asked).json()["data"]["code"])

    def ask(self, method: str, path: str, by: str | Client | None = None, **options: Any) -> None:
        """Do something on the first host; it must succeed."""
        token = by.token if isinstance(by, Client) else by
        answer = self.site.ask(HERE, method, path, token or "", **options)
        assert answer.status_code == 200, answer.text

    def states(self, host: int) -> list[int]:
        """What each of the two tokens is answered: 401 when it is dead."""
        return [self.site.ask(host, "GET", "/users/me", token).status_code for token in (self.token, self.other)]


def end_session_of_other(case: Case) -> None:
    listed = case.site.ask(HERE, "GET", "/auth/sessions", case.token).json()["data"]["items"]
    names = [session["id"] for session in listed if not session["current"]]
    for name in names:  # the factory's own login is among them
        case.ask("DELETE", f"/auth/sessions/{name}", case.token)


def change_password(case: Case) -> None:
    told = case.site.ask(HERE, "POST", "/auth/proofs", case.token, json={"password": PASSWORD}).json()
    proof = {"Proof": told["data"]["proof"]}
    case.ask("PUT", "/auth/password", case.token, json={"new_password": "battery staple"}, headers=proof)


def reset_password(case: Case) -> None:
    body = {"phone": case.phone, "code": case.code("password_reset"), "new_password": "battery staple"}
    case.ask("POST", "/auth/password-reset", json=body)


# What is done with the first token, or by the admin; and what both tokens are answered afterwards.
WAYS: dict[str, tuple[Callable[[Case], None], list[int]]] = {
    "logout": (lambda case: case.ask("POST", "/auth/logout", case.token), [401, 200]),
    "one other session ended": (end_session_of_other, [200, 401]),
    "all other sessions ended": (lambda case: case.ask("DELETE", "/auth/sessions", case.token), [200, 401]),
    "password changed": (change_password, [200, 401]),
    "password reset": (reset_password, [401, 401]),
    "ban": (lambda case: case.ask("PUT", f"/admin/users/{case.me.user_id}/ban", case.chief), [401, 401]),
    "account deleted": (lambda case: case.ask("DELETE", "/auth/account", case.token), [401, 401]),
}


def test_what_ends_a_token_here_ends_it_there_at_once(tmp_path: Path) -> None:
    with TwoServers(tmp_path) as site:
        for name, (way, expected) in WAYS.items():
            case = Case(site)
            assert case.states(HERE) == case.states(THERE) == [200, 200]
            way(case)
            assert case.states(THERE) == expected, name
            assert case.states(HERE) == expected, name
        assert_a_role_taken_here_is_gone_there(site)


def assert_a_role_taken_here_is_gone_there(site: TwoServers) -> None:
    case = Case(site)
    assert site.ask(THERE, "GET", "/admin/users", case.token).status_code == 200
    case.ask("PATCH", f"/admin/users/{case.me.user_id}", case.chief, json={"role": "user"})
    assert site.ask(THERE, "GET", "/admin/users", case.token).json()["status"] == "ROLE_MISSING"


def test_login_gives_a_new_token_whatever_token_the_client_brings(make: Factory, client: Client) -> None:
    """Fixation: somebody else's choice of a token must not become mine."""
    phone = make.phone()
    stranger, brought = make.user(), make.user(phone, password=PASSWORD).token
    planted = f"{stranger.user_id}.{'x' * 43}"
    body, tokens = {"phone": phone, "password": PASSWORD}, {brought}
    for headers in ({}, {"token": brought}, {"token": planted}, {"Authorization": f"Bearer {stranger.token}"}):
        answer = client.post("/auth/password-login", json=body, headers={**headers, "Cookie": f"token={planted}"})
        tokens.add(data(answer)["token"])
        assert "Set-Cookie" not in answer.headers
    assert len(tokens) == 5
    assert planted not in tokens
    assert failure(client.get("/users/me", headers={"token": planted})) == (401, "TOKEN_INVALID")
