"""Nobody can tell from an answer whether a phone has an account; how long it takes is measured by the campaign."""

from typing import Any

import pytest
from werkzeug.test import TestResponse

from tests.clients import Client
from tests.factories import Factory
from tests.security.operations import OPERATIONS, Operation

PASSWORD = "correct horse"
ASKS_BY_PHONE = [operation for operation in OPERATIONS if "phone" in operation.fields and operation.is_public]
KINDS = ["with a password", "without a password", "banned", "leaving"]


def account(make: Factory, kind: str) -> str:
    """Return the phone of an account of this kind."""
    phone, admin = make.phone(), make.admin()
    owner = make.user(phone, **({} if kind == "without a password" else {"password": PASSWORD}))
    if kind == "banned":
        assert admin.put(f"/admin/users/{owner.user_id}/ban").status_code == 200
    if kind == "leaving":
        assert owner.delete("/auth/account").status_code == 200
    return phone


def looks_of(answer: TestResponse) -> tuple[int, dict[str, Any], dict[str, str]]:
    """All that can be told from an answer, without what is new in each: ids, times, codes, what is left of a limit."""
    body = answer.get_json()
    if isinstance(body.get("data"), dict):
        body["data"] = {**body["data"], "code": "shown" if body["data"].get("code") else None}
    own = {"X-Request-ID", "X-Server-Time", "Date", "RateLimit"}
    headers = {name: "" if name in own else value for name, value in answer.headers.items()}
    return answer.status_code, {**body, "request_id": ""}, headers


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("operation", ASKS_BY_PHONE, ids=str)
def test_known_and_unknown_phone_are_answered_the_same(
    house: Factory, nobody: Client, operation: Operation, kind: str
) -> None:
    """Each is asked twice: also the second refusal is the same."""
    wrong = {"password": "wrong horse", "code": "000000"}
    body = {**operation.example, **{name: value for name, value in wrong.items() if name in operation.fields}}
    known, unknown = account(house, kind), house.phone()
    for _ in range(2):
        answers = [operation.ask(nobody, json={**body, "phone": phone}) for phone in (known, unknown)]
        assert looks_of(answers[0]) == looks_of(answers[1])


@pytest.mark.parametrize("kind", KINDS)
def test_basic_login_answers_a_known_and_an_unknown_phone_the_same(house: Factory, nobody: Client, kind: str) -> None:
    phones = (account(house, kind), house.phone())
    answers = [nobody.post("/auth/basic-login", auth=(phone, "wrong horse")) for phone in phones]
    assert looks_of(answers[0]) == looks_of(answers[1])


def test_all_that_take_a_phone_are_looked_at() -> None:
    assert {str(operation) for operation in ASKS_BY_PHONE} >= {
        "POST /auth/sms-codes",
        "POST /auth/sms-login",
        "POST /auth/password-login",
        "POST /auth/password-reset",
    }
    by_basic = {str(operation) for operation in OPERATIONS if operation.needs_basic}
    assert by_basic == {"POST /auth/basic-login"}
