"""The Swagger 2.0 file: flask-restx's, in the order of the code and with real examples of each failure."""

from typing import Any

import orjson
from flask_restx import Api
from flask_restx.swagger import extract_path

from flask_api.core.describing import ALWAYS_POSSIBLE, errors_of
from flask_api.core.errors import ApiError, failure_body

EXAMPLE_REQUEST_ID = "5f2c9a8e1b7d4c30"
METHODS = ("parameters", "get", "post", "put", "patch", "delete")


def swagger_file(api: Api) -> dict[str, Any]:
    """Return the file of ``api``.

    Raises:
        ValueError: flask-restx could not build it; its log says why.
    """
    built: dict[str, Any] = api.__schema__
    if "paths" not in built:
        raise ValueError("the Swagger file could not be built")
    paths: dict[str, Any] = {}
    for namespace in api.namespaces:
        for entry in namespace.resources:
            for url in api.ns_urls(namespace, entry.urls):
                path = extract_path(url)
                paths[path] = _with_examples(built["paths"][path], entry.resource)
    return {**built, "paths": paths}


def _with_examples(operations: dict[str, Any], resource: type) -> dict[str, Any]:
    for method, operation in operations.items():
        if method == "parameters":
            continue
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "body":
                parameter["name"] = "body"
        errors = sorted(errors_of(getattr(resource, method)), key=lambda error: error.status)
        by_code: dict[int, type[ApiError]] = {error.code: error for error in (*ALWAYS_POSSIBLE, *errors)}
        for code, response in operation["responses"].items():
            if error := by_code.get(int(code)):
                response["examples"] = {"application/json": _example(error)}
    return dict(sorted(operations.items(), key=lambda item: METHODS.index(item[0])))


def _example(error: type[ApiError]) -> Any:
    body = failure_body(error.code, error.status, error.message, request_id=EXAMPLE_REQUEST_ID)
    return orjson.loads(body)
