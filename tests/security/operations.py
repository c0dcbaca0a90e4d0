"""All operations of the API, read from its Swagger file: a new one is in every test without being thought of."""

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from flask_api.core.database import Base
from flask_api.core.proofs import HEADER
from tests.clients import Client, failure
from tests.conftest import make_settings, start_app
from tests.factories import Factory

NOBODYS_ID = "999999"
Schema = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    """One method of one address, and what the page says of it."""

    method: str
    path: str
    needs_login: bool
    needs_basic: bool
    needs_role: bool
    needs_proof: bool
    body: Schema | None = field(compare=False)
    query: Schema = field(compare=False)
    answers: frozenset[int] = field(compare=False)

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def has_id(self) -> bool:
        return "{" in self.path

    @property
    def has_body(self) -> bool:
        return self.body is not None

    @property
    def has_query(self) -> bool:
        return bool(self.query)

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    @property
    def is_public(self) -> bool:
        return not (self.needs_login or self.needs_basic)

    @property
    def fields(self) -> Schema:
        """The fields of its body and what the page says of each."""
        return {name: resolved(said) for name, said in (self.body or {}).get("properties", {}).items()}

    @property
    def example(self) -> Any:
        """The body that the page shows; None where none is taken."""
        return None if self.body is None else _example(self.body)

    def url(self, value: str = NOBODYS_ID) -> str:
        return re.sub(r"{\w+}", value, self.path)

    def ask(self, client: Client, value: str = NOBODYS_ID, **options: Any) -> TestResponse:
        """Call it with the page's example as its body, if it takes one, and return the answer."""
        body = {"json": self.example} if self.has_body and not {"json", "data"} & options.keys() else {}
        return client.call(self.method, self.url(value), **{**body, **options})

    def call(self, client: Client, value: str = NOBODYS_ID, **options: Any) -> tuple[int, str]:
        """Call it with no body but the one that is named; return status and word."""
        return failure(client.call(self.method, self.url(value), **options))

    def send(self, client: Client, body: bytes | str, content_type: str | None = "application/json") -> tuple[int, str]:
        return self.call(client, data=body, content_type=content_type)


@cache
def page() -> dict[str, Any]:
    """The Swagger file of development."""
    app = start_app(make_settings(Path("/nonexistent")))  # nothing is opened
    found: dict[str, Any] = app.test_client().get("/api/swagger.json").get_json()
    return found


def _read_operations() -> list[Operation]:
    paths = sorted(page()["paths"].items())
    return [
        _operation(method.upper(), path, item[method])
        for path, item in paths
        for method in sorted(item.keys() - {"parameters"})
    ]


def _operation(method: str, path: str, described: dict[str, Any]) -> Operation:
    parameters = described.get("parameters", [])
    bodies = [resolved(parameter["schema"]) for parameter in parameters if parameter["in"] == "body"]
    either = described.get("security", [])
    schemes = {name for scheme in either for name in scheme} if {} not in either else set()  # nothing will do, too
    return Operation(
        method=method,
        path=path,
        needs_login="token" in schemes,
        needs_basic="basic" in schemes,
        needs_role="ROLE_MISSING" in described["responses"].get("403", {}).get("description", ""),
        needs_proof=any(parameter["name"] == HEADER for parameter in parameters),
        body=bodies[0] if bodies else None,
        query={parameter["name"]: parameter for parameter in parameters if parameter["in"] == "query"},
        answers=frozenset(int(code) for code in described["responses"]),
    )


def resolved(schema: Schema) -> Schema:
    """Return a schema itself in the place of a reference to it, which may have neighbours in an ``allOf``."""
    if "allOf" in schema:
        [referred] = schema["allOf"]
        return {**resolved(referred), **{name: said for name, said in schema.items() if name != "allOf"}}
    if "$ref" not in schema:
        return schema
    found: Schema = page()["definitions"][schema["$ref"].rpartition("/")[2]]
    return found


def _example(schema: Schema) -> Any:
    """Return a value of this schema: the page's example, or the first that the schema allows."""
    schema = resolved(schema)
    for name in ("example", "default"):
        if name in schema:
            return schema[name]
    if "enum" in schema:
        return schema["enum"][0]
    if "properties" in schema:
        return {name: _example(inner) for name, inner in schema["properties"].items()}
    if schema["type"] == "array":
        return [_example(schema["items"])]
    return {"boolean": True, "integer": schema.get("minimum", 1), "number": 1.5, "string": "x" * 8}[schema["type"]]


OPERATIONS = _read_operations()


def each(*conditions: str) -> pytest.MarkDecorator:
    """Run a test for each operation of which all this is true."""
    chosen = [operation for operation in OPERATIONS if all(getattr(operation, name) for name in conditions)]
    assert chosen
    return pytest.mark.parametrize("operation", chosen, ids=str)


def stored(make: Factory) -> dict[str, list[Any]]:
    """All rows of all tables."""
    return {name: [tuple(row) for row in make.execute(table.select())] for name, table in Base.metadata.tables.items()}
