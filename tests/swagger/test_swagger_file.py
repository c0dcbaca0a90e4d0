"""The Swagger file: valid, complete, and true about who may call what."""

import re
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask_restx import Resource as RestxResource
from flask_restx.schemas import OAS_20

from flask_api.api import NAMESPACES
from flask_api.core.auth import SECURITY_SCHEMES
from flask_api.settings import Settings
from tests.clients import Client, check_shape
from tests.conftest import start_app, stop_app
from tests.factories import Factory

Operation = tuple[str, str, dict[str, Any]]
METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture
def page(app: Flask) -> dict[str, Any]:
    response = app.test_client().get("/api/swagger.json")
    assert response.status_code == 200
    found: dict[str, Any] = response.get_json()
    return found


def operations(page: dict[str, Any]) -> list[Operation]:
    return [(path, name, item[name]) for path, item in page["paths"].items() for name in METHODS & item.keys()]


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        return {value["$ref"]} if isinstance(value.get("$ref"), str) else set().union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_the_file_is_valid_swagger_2(page: dict[str, Any]) -> None:
    found = jsonschema_rs.Draft4Validator(dict(OAS_20)).iter_errors(page)
    assert [f"{list(error.instance_path)}: {error.message}" for error in found] == []


def test_every_reference_leads_somewhere_and_every_definition_is_used(page: dict[str, Any]) -> None:
    defined = {f"#/definitions/{name}" for name in page["definitions"]}
    assert references(page) - {"#/responses/ParseError", "#/responses/MaskError"} == defined


def test_every_schema_of_the_file_is_one(page: dict[str, Any]) -> None:
    for schema in page["definitions"].values():
        jsonschema_rs.Draft4Validator({**schema, "definitions": page["definitions"]})
        assert set(schema.get("required", ())) <= schema.get("properties", {}).keys()


def test_every_parameter_of_an_address_is_described_and_required(page: dict[str, Any]) -> None:
    for path, name, operation in operations(page):
        described = [*page["paths"][path].get("parameters", []), *operation.get("parameters", [])]
        in_path = {parameter["name"] for parameter in described if parameter["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), (path, name)
        assert len({(parameter["in"], parameter["name"]) for parameter in described}) == len(described)


def test_every_folder_has_a_namespace_of_its_own_that_says_what_it_is_for(page: dict[str, Any]) -> None:
    folders = [namespace.resources[0].resource.__module__ for namespace in NAMESPACES]
    for namespace, folder in zip(NAMESPACES, folders, strict=True):
        assert {entry.resource.__module__ for entry in namespace.resources} == {folder}, namespace.name
    assert len(set(folders)) == len(NAMESPACES)
    assert [tag["name"] for tag in page["tags"]] == [namespace.name for namespace in NAMESPACES]
    assert all(tag["description"] for tag in page["tags"])


def test_operation_ids_are_unique_names(page: dict[str, Any]) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(page)]
    assert all(name.isidentifier() for name in ids), "clients are generated with these names"
    assert len(ids) == len(set(ids))


def test_every_operation_says_in_one_line_what_it_does(page: dict[str, Any]) -> None:
    for path, name, operation in operations(page):
        summary = operation.get("summary", "")
        assert re.fullmatch(r"[A-Z].+[.]?", summary), (path, name, summary)
        assert len(summary) <= 90


def test_every_operation_says_that_it_may_fail(page: dict[str, Any]) -> None:
    for path, name, operation in operations(page):
        assert operation["responses"].keys() >= {"400", "500", "503"}, (path, name)
        assert any(code.startswith("2") for code in operation["responses"]), (path, name)


def test_every_response_has_a_schema_and_every_failure_the_one(page: dict[str, Any]) -> None:
    for path, name, operation in operations(page):
        for code, response in operation["responses"].items():
            reference = response["schema"]["$ref"]
            assert (reference == "#/definitions/Failure") == (int(code) >= 400), (path, name, code)


def test_every_operation_is_in_the_file(app: Flask, page: dict[str, Any]) -> None:
    described = {(path.replace("{", "<").replace("}", ">"), name) for path, name, _ in operations(page)}
    served = set()
    for rule in app.url_map.iter_rules():
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        if view is not None and issubclass(view, RestxResource):
            path = re.sub(r"<\w+:", "<", rule.rule.removeprefix(page["basePath"].rstrip("/")))
            served |= {(path, method.lower()) for method in rule.methods or () if method.lower() in METHODS}
    assert served == described


def test_who_needs_a_login_is_marked_and_says_401_and_nobody_else(app: Flask, page: dict[str, Any]) -> None:
    """Called without a token, exactly those that the file marks answer 401 TOKEN_MISSING."""
    assert page["securityDefinitions"].keys() == SECURITY_SCHEMES.keys()
    assert "security" not in page
    client = app.test_client()
    for path, name, operation in operations(page):
        address = page["basePath"].rstrip("/") + re.sub(r"{\w+}", "1", path)
        response = client.open(address, method=name.upper(), json={})
        check_shape(response)
        schemes = [set(requirement) for requirement in operation.get("security", [])]
        asked = response.get_json()["status"]
        if schemes == [{"token"}, {"bearer"}]:
            assert asked == "TOKEN_MISSING", (path, name)
            assert "401" in operation["responses"]
        elif schemes == [{"basic"}]:
            assert asked == "BASIC_MISSING", (path, name)
        else:
            assert schemes in ([], [set(), {"token"}, {"bearer"}]), "nothing, or a token that may be left out"
            assert asked not in {"TOKEN_MISSING", "BASIC_MISSING"}, (path, name)


def test_who_needs_a_role_says_403(app: Flask, page: dict[str, Any], make: Factory) -> None:
    user = make.user()
    marked = [(path, name, operation) for path, name, operation in operations(page) if operation.get("security")]
    for path, name, operation in marked:
        if "/auth/" in path:  # they would log the user out
            continue
        response = user.call(name.upper(), re.sub(r"{\w+}", "999", path).removeprefix("/v1"), json={})
        says_role = "ROLE_MISSING" in operation["responses"].get("403", {}).get("description", "")
        assert (response.get_json()["status"] == "ROLE_MISSING") == says_role, (path, name)


@pytest.mark.parametrize("path", ["/api/", "/api/swagger.json", "/swaggerui/swagger-ui.css", "/swaggerui/"])
def test_where_the_page_is_off_nothing_of_it_is_served(path: str, settings: Settings) -> None:
    own = start_app(settings.model_copy(update={"swagger_ui": False}))
    response = own.test_client().get(path)
    check_shape(response)
    assert response.status_code == 404
    stop_app(own)


def test_two_apps_have_a_file_each_of_the_same_content(page: dict[str, Any], settings: Settings) -> None:
    own = start_app(settings)
    assert own.test_client().get("/api/swagger.json").get_json() == page
    assert Client(own).get("/health/live").status_code == 200
    stop_app(own)
