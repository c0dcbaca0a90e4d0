"""The Swagger 2.0 file: flask-restx's, in the order of the code and with real examples of each failure."""

from typing import Any

import orjson
from flask_restx import Api
from flask_restx.swagger import extract_path

from flask_api.core.describing import ALWAYS_POSSIBLE, errors_of
from flask_api.core.errors import ApiError, failure_body
from flask_api.core.rate_limits import PER_ADDRESS, PER_USER, limits_of
from flask_api.core.resource import Resource
from flask_api.core.signing import is_demanded, is_signable
from flask_api.extensions import settings

EXAMPLE_REQUEST_ID = "5f2c9a8e1b7d4c30"
RATE_LIMIT_HEADERS = {
    "RateLimit": {"type": "string", "description": "What is left of each limit (r), and for how many seconds (t)"},
    "RateLimit-Policy": {
        "type": "string",
        "description": "Each limit: so many requests (q) within so many seconds (w)",
    },
}
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


def _with_examples(operations: dict[str, Any], resource: type[Resource]) -> dict[str, Any]:
    for method, operation in operations.items():
        if method == "parameters":
            continue
        for parameter in operation.get("parameters", ()):
            if parameter["in"] == "body":
                parameter["name"] = "body"
        view = getattr(resource, method)
        errors = sorted(errors_of(view), key=lambda error: error.status)
        by_code: dict[int, type[ApiError]] = {error.code: error for error in (*ALWAYS_POSSIBLE, *errors)}
        for code, response in operation["responses"].items():
            if error := by_code.get(int(code)):
                response["examples"] = {"application/json": _example(error)}
        told = [_signing_of(view), _limits_of(view)] if resource.is_limited else []
        if description := "\n\n".join(filter(None, [operation.get("description"), *told])):
            operation["description"] = description
        for code, response in operation["responses"].items() if resource.is_limited else ():
            if int(code) < 300 or int(code) == 429:
                response["headers"] = RATE_LIMIT_HEADERS
    return dict(sorted(operations.items(), key=lambda item: METHODS.index(item[0])))


def _signing_of(view: Any) -> str:
    if not is_signable(view):
        return ""
    may_or_must = "Must" if is_demanded(view.__area__, view.__require_sign__) else "May"
    return f"{may_or_must} be signed (docs/signing.md); an app key may have a limit of its own."


def _limits_of(view: Any) -> str:
    limits = [PER_ADDRESS, *limits_of(view), *getattr(view, "__limits_inside__", ())]
    limits += [PER_USER] if hasattr(view, "__role__") else []
    quotas = [(limit, limit.quota(settings)) for limit in limits]
    told = [f"- `{limit.name}` {quota} for {limit.counts}" for limit, quota in quotas if quota is not None]
    return "\n".join(["Limits, as the header `RateLimit` names them:", "", *told]) if told else ""


def _example(error: type[ApiError]) -> Any:
    body = failure_body(error.code, error.status, error.message, request_id=EXAMPLE_REQUEST_ID)
    return orjson.loads(body)
