"""Who may what below /admin: every endpoint, taken from the Swagger file, for everyone."""

import re
from functools import cache
from pathlib import Path

import pytest
from flask import Flask

from tests.clients import Client, failure
from tests.conftest import make_settings, start_app
from tests.factories import Factory

Operation = tuple[str, str]


@cache
def operations() -> list[Operation]:
    """Method and path of each operation below /admin; a new one is here without anybody thinking of it."""
    app = start_app(make_settings(Path("/nonexistent")))  # nothing is opened
    paths = app.test_client().get("/api/swagger.json").get_json()["paths"]
    return [
        (method.upper(), path)
        for path, item in sorted(paths.items())
        for method in sorted(item)
        if method != "parameters" and path.startswith("/admin")
    ]


def call(client: Client, operation: Operation, headers: dict[str, str] | None = None) -> tuple[int, str]:
    method, path = operation
    path = re.sub(r"{\w+}", "999999", path)
    return failure(
        client.call(method, path, json={} if method in ("POST", "PUT", "PATCH") else None, headers=headers or {})
    )


every_operation = pytest.mark.parametrize("operation", operations(), ids=" ".join)


def test_there_are_operations() -> None:
    assert len(operations()) >= 6


@every_operation
def test_stranger_is_401(client: Client, operation: Operation) -> None:
    assert call(client, operation) == (401, "TOKEN_MISSING")
    assert call(client, operation, {"token": "1.dead"}) == (401, "TOKEN_INVALID")


@every_operation
def test_user_is_403(make: Factory, operation: Operation) -> None:
    assert call(make.user(), operation) == (403, "ROLE_MISSING")


@every_operation
def test_admin_is_let_through(make: Factory, operation: Operation) -> None:
    code, status = call(make.admin(), operation)
    assert code in (200, 201, 400, 404), status


@every_operation
def test_demoted_admin_is_403_at_once_with_the_same_token(make: Factory, app: Flask, operation: Operation) -> None:
    first, second = make.admin(), make.admin()
    assert call(second, operation)[0] not in (401, 403)
    assert first.patch(f"/admin/users/{second.user_id}", json={"role": "user"}).status_code == 200
    assert call(second, operation) == (403, "ROLE_MISSING")


def test_promoted_user_is_let_through_at_once_with_the_same_token(make: Factory) -> None:
    user, admin = make.user(), make.admin()
    assert user.get("/admin/users").status_code == 403
    admin.patch(f"/admin/users/{user.user_id}", json={"role": "admin"})
    assert user.get("/admin/users").status_code == 200
