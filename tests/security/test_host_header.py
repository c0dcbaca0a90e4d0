"""A Host that the settings do not name is refused by every endpoint, before anything else is looked at."""

from collections.abc import Callable

import pytest
from flask import Flask

from tests.clients import BASE, Client, check_shape
from tests.factories import Factory
from tests.security.operations import Operation, each, stored

EVIL = [
    *("evil", "a:b", "evil.example", "solo.test.evil.example", "evilsolo.test", "solo.testevil", "solo.test@evil", "*"),
    *(
        "127.0.0.1",
        "[::1]",
        "0.0.0.0",
        "solo.test:evil",
        "solo.test/evil",
        "solo.test#",
        "solo.test,evil",
    ),
    *(".solo.test", "solo%2etest", "solo.test\\evil", "user:password@solo.test", "", " ", "http://solo.test"),
]


@pytest.fixture(scope="session")
def app(production: Callable[..., Flask]) -> Flask:
    return production()


@each()
def test_unknown_host_is_400_and_nothing_happens(app: Flask, house: Factory, operation: Operation) -> None:
    admin, before = house.admin(), stored(house)
    for host in EVIL:
        for token in ("", admin.token or ""):
            answer = app.test_client().open(
                BASE + operation.url("1"),
                method=operation.method,
                headers={"Host": host, "token": token},
                json=operation.example,
            )
            check_shape(answer)
            assert (answer.status_code, answer.get_json()["status"]) == (400, "BAD_REQUEST"), host
            assert b"evil" not in answer.data
    assert stored(house)["user_auth"][: len(before["user_auth"])] == before["user_auth"]
    assert Client(house.app, admin.token).get("/users/me").status_code == 200, "nor was the login ended"


@pytest.mark.parametrize("host", ["solo.test", "solo.test:443", "localhost", "localhost:5000"])
def test_hosts_of_the_settings_are_served(app: Flask, host: str) -> None:
    assert app.test_client().get(f"{BASE}/health/live", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("path", ["/api/v1/health/live", "/api", "/api/v1", "/nowhere", "/api/v1/users//me"])
def test_no_answer_repeats_a_host_that_a_proxy_did_not_vouch_for(app: Flask, path: str) -> None:
    """Not in a Location, not in a link: mail and caches would carry it on."""
    claims = {"X-Forwarded-Host": "evil.example", "X-Host": "evil.example", "Forwarded": "host=evil.example"}
    answer = app.test_client().get(path, headers={"Host": "solo.test", **claims})
    assert "evil" not in str(answer.headers) + answer.get_data(as_text=True)
