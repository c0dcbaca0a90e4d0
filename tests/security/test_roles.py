"""Who may what: every endpoint, taken from the Swagger file, for everyone. What is not named here is for nobody."""

import re

import pytest
from flask import Flask

from tests.clients import Client
from tests.factories import Factory
from tests.security.operations import OPERATIONS, Operation, each

# For strangers. Whoever adds to it says in the commit why the world may call it.
PUBLIC = {
    *("POST /auth/sms-codes", "POST /auth/sms-login", "POST /auth/password-login", "POST /auth/password-reset"),
    "POST /auth/google",
    "POST /emails/codes",  # who has forgotten their password; for an address of mine it takes a token
    "POST /uploads/qiniu-callback",  # Qiniu calls it, and signs
    *("GET /blog/posts", "GET /blog/posts/pages", "GET /blog/posts/{post_id}"),
    *("GET /blog/posts/archive/{year}", "GET /blog/posts/archive/{year}/{month}"),
    "GET /blog/posts/archive/{year}/{month}/{day}",
    *("GET /blog/categories", "GET /blog/categories/{category_id}"),
    *("GET /health/live", "GET /health/ready"),
}
BY_BASIC = {"POST /auth/basic-login"}
FOR_ADMINS_ELSEWHERE = {  # beside all that is below /admin
    "POST /blog/categories",
    "PATCH /blog/categories/{category_id}",
    "DELETE /blog/categories/{category_id}",
    *("POST /labels", "PATCH /labels/{label_id}", "DELETE /labels/{label_id}"),
}
ADMINS = [
    operation
    for operation in OPERATIONS
    if operation.path.startswith("/admin") or str(operation) in FOR_ADMINS_ELSEWHERE
]
USERS = [operation for operation in OPERATIONS if operation not in ADMINS and str(operation) not in PUBLIC | BY_BASIC]
for_admins = pytest.mark.parametrize("operation", ADMINS, ids=str)
for_users = pytest.mark.parametrize("operation", USERS, ids=str)
for_both = pytest.mark.parametrize("operation", [*ADMINS, *USERS], ids=str)


PAGE = {"/api/", "/api/swagger.json", "/api/v1", "/swaggerui/<filename>"}


def call(client: Client, operation: Operation, headers: dict[str, str] | None = None) -> tuple[int, str]:
    return operation.call(client, json={} if operation.has_body else None, headers=headers or {})


def test_every_name_here_is_one_of_the_page() -> None:
    assert {*PUBLIC, *BY_BASIC, *FOR_ADMINS_ELSEWHERE} <= {str(operation) for operation in OPERATIONS}
    assert len(ADMINS) >= 6
    assert len(USERS) >= 10


def test_nothing_is_served_beside_what_the_page_shows(house_app: Flask) -> None:
    """So that what is true of every operation is true of all there is."""
    shown = {re.sub(r"{(\w+)}", r"<\1>", f"/api/v1{operation.path}") for operation in OPERATIONS}
    served = {re.sub(r"<\w+:", "<", rule.rule) for rule in house_app.url_map.iter_rules()}
    assert served - shown == PAGE | {"/metrics"}  # for who runs it: tests/metrics


@each()
def test_the_page_says_who_may(operation: Operation) -> None:
    assert operation.is_public == (str(operation) in PUBLIC)
    assert operation.needs_basic == (str(operation) in BY_BASIC)
    assert operation.needs_role == (operation in ADMINS)


@for_both
def test_stranger_is_401(nobody: Client, operation: Operation) -> None:
    assert call(nobody, operation) == (401, "TOKEN_MISSING")
    assert call(nobody, operation, {"token": "1.dead"}) == (401, "TOKEN_INVALID")


def test_who_was_banned_or_has_left_is_401_everywhere(house: Factory, chief: Client) -> None:
    banned, leaving = house.admin(), house.admin()
    assert chief.put(f"/admin/users/{banned.user_id}/ban").status_code == 200
    assert leaving.delete("/auth/account").status_code == 200
    for operation in [*ADMINS, *USERS]:
        for gone in (banned, leaving):
            assert call(gone, operation) == (401, "TOKEN_INVALID"), operation


@for_admins
def test_user_is_403(somebody: Client, operation: Operation) -> None:
    assert call(somebody, operation) == (403, "ROLE_MISSING")


@for_admins
def test_no_guess_makes_a_user_an_admin(somebody: Client, chief: Client, operation: Operation) -> None:
    """Nothing that a client says of itself counts."""
    assert somebody.token
    secret = somebody.token.partition(".")[2]
    claims = {
        "X-Role": "admin",
        "X-User-Id": str(chief.user_id),
        "X-Forwarded-User": "admin",
        "X-Original-URL": "/api/v1/health/live",
        "X-HTTP-Method-Override": "GET",
        "Cookie": "role=admin; session=admin",
        "Authorization": "Basic YWRtaW46YWRtaW4=",
    }
    assert call(somebody, operation, claims) == (403, "ROLE_MISSING")
    assert operation.call(somebody, query_string={"role": "admin"}) == (403, "ROLE_MISSING")
    assert call(somebody, operation, {"token": f"{chief.user_id}.{secret}"}) == (401, "TOKEN_INVALID")


@for_users
def test_user_is_let_through(house: Factory, operation: Operation) -> None:
    assert call(house.user(), operation)[1] not in ("TOKEN_MISSING", "TOKEN_INVALID", "ROLE_MISSING")


@for_admins
def test_admin_is_let_through(chief: Client, operation: Operation) -> None:
    code, status = call(chief, operation)
    assert code in (200, 201, 400, 404), status


@for_admins
def test_demoted_admin_is_403_at_once_with_the_same_token(house: Factory, chief: Client, operation: Operation) -> None:
    second = house.admin()
    assert call(second, operation)[0] not in (401, 403)
    assert chief.patch(f"/admin/users/{second.user_id}", json={"role": "user"}).status_code == 200
    assert call(second, operation) == (403, "ROLE_MISSING")


def test_promoted_user_is_let_through_at_once_with_the_same_token(house: Factory, chief: Client) -> None:
    user = house.user()
    assert user.get("/admin/users").status_code == 403
    chief.patch(f"/admin/users/{user.user_id}", json={"role": "admin"})
    assert user.get("/admin/users").status_code == 200


@for_admins
def test_no_spelling_of_an_address_lets_a_user_in(somebody: Client, operation: Operation) -> None:
    path = f"/api/v1{operation.url('1')}"
    encoded = path.replace("/admin", "/%61dmin").replace("/blog", "/%62log")
    spellings = [
        path.upper(),
        f"/{path}",
        f"{path}/",
        f"{path};x=1",
        f"{path}%20",
        f"/api/v1/blog/..{path[7:]}",
        encoded,
    ]
    for spelling in spellings:
        answer = somebody.app.test_client().open(
            spelling, method=operation.method, headers={"token": somebody.token or ""}, json={}
        )
        assert answer.status_code in (403, 404, 405), spelling
    if operation.method == "GET":
        assert somebody.app.test_client().head(path, headers={"token": somebody.token or ""}).status_code == 403
