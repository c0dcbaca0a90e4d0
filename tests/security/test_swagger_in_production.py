"""The Swagger page and its file are not for the world: in production they are not there, or for admins only."""

from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from tests.clients import Client, check_shape
from tests.conftest import make_settings, start_app
from tests.factories import Factory

Start = Callable[..., Flask]
HOST = {"Host": "solo.test"}


def addresses_of_documents() -> list[str]:
    """All that development serves beside the API and metrics; a new address is here without being thought of."""
    app = start_app(make_settings(Path("/nonexistent")))  # nothing is opened
    rules = [
        rule.rule for rule in app.url_map.iter_rules() if not f"{rule.rule}/".startswith(("/api/v1/", "/metrics/"))
    ]
    return [rule.replace("<path:filename>", "swagger-ui.css") for rule in rules]


# Where flask-restx and others like to put theirs.
GUESSES = [
    *(
        "/",
        "/api",
        "/api/v1",
        "/api/v1/",
        "/api/v1/swagger.json",
        "/swagger.json",
        "/swaggerui/",
        "/swaggerui/droid-sans.css",
    ),
    *("/swagger", "/swagger/", "/swagger-ui/", "/docs", "/api/docs", "/redoc", "/openapi.json", "/api/openapi.json"),
    *("/api/swagger.yaml", "/api/swagger.json/", "/API/", "/api//", "//api/", "/api/swagger%2ejson", "/static/"),
]
DOCUMENTS = sorted({*addresses_of_documents(), *GUESSES})


@pytest.fixture(scope="session")
def plain(production: Start) -> Flask:
    return production()


def test_development_has_documents() -> None:
    assert {"/api/", "/api/swagger.json"} <= set(addresses_of_documents())


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_in_production_no_document_is_there_for_anybody(plain: Flask, chief: Client, path: str, method: str) -> None:
    for headers in ({}, {"token": chief.token}, {"Authorization": f"Bearer {chief.token}"}):
        answer = plain.test_client().open(path, method=method, headers={**HOST, **headers})
        assert answer.status_code == 404, (path, headers)
        if method == "GET":
            check_shape(answer)
        assert b"swagger" not in answer.data.lower()


@pytest.mark.parametrize("path", ["/api/", "/api/swagger.json"])
def test_switched_on_it_is_for_admins_only(production: Start, chief: Client, somebody: Client, path: str) -> None:
    app = production(swagger_ui=True)
    for token in (None, somebody.token, "1.dead"):
        headers = {**HOST, **({"token": token} if token else {})}
        answer = app.test_client().get(path, headers=headers)
        assert answer.status_code in (401, 403, 404), token
        assert b"paths" not in answer.data
    assert app.test_client().get(path, headers={**HOST, "token": chief.token or ""}).status_code == 200


def test_switched_on_a_browser_asks_an_admin_for_phone_and_password(production: Start, house_app: Flask) -> None:
    app, make = production(swagger_ui=True), Factory(house_app)
    phones = {role: make.phone() for role in ("admin", "user")}
    for role, phone in phones.items():
        make.user(phone, role=role, password="correct horse")
    asked = app.test_client().get("/api/", headers=HOST)
    assert (asked.status_code, asked.headers["WWW-Authenticate"]) == (401, 'Basic realm="Solo", charset="UTF-8"')
    for phone, password in ((phones["user"], "correct horse"), (phones["admin"], "wrong"), (make.phone(), "x")):
        refused = app.test_client().get("/api/", headers=HOST, auth=(phone, password))
        assert (refused.status_code, b"swagger" in refused.data) == (401, False)
    for path in ("/api/", "/api/swagger.json"):
        shown = app.test_client().get(path, headers=HOST, auth=(phones["admin"], "correct horse"))
        assert shown.status_code == 200


def test_password_of_an_admin_cannot_be_tried_out_at_the_page(production: Start, house_app: Flask) -> None:
    app, make = production(swagger_ui=True), Factory(house_app)
    phone = make.phone()
    make.user(phone, role="admin", password="correct horse")
    codes = [app.test_client().get("/api/", headers=HOST, auth=(phone, "wrong")).status_code for _ in range(11)]
    assert codes == [401] * 10 + [429]
