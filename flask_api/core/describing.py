"""How a decorator puts on the page what it enforces.

Each decorator of a Resource method calls ``describe`` with what it does: the errors it can raise and what else
flask-restx should show. The errors are collected, so that two of one HTTP status are shown together.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from flask_restx import fields as restx_fields
from flask_restx.utils import merge

from flask_api.core.errors import ApiError, BadRequest, InternalError, ServiceUnavailable
from flask_api.core.shape import Shape

View = TypeVar("View", bound=Callable[..., Any])

_field_error = Shape(
    "FieldError",
    {
        "field": restx_fields.String(required=True, example="phone", description="Path of the field in the request"),
        "message": restx_fields.String(required=True, example="is missing"),
    },
)
failure = Shape(
    "Failure",
    {
        "code": restx_fields.Integer(required=True, example=400, description="The HTTP status"),
        "status": restx_fields.String(required=True, example="INVALID_FIELD", description="A stable word for programs"),
        "message": restx_fields.String(required=True, example="phone is missing", description="For people"),
        "field": restx_fields.String(example="phone", description="The first field at fault, if it is a field"),
        "errors": restx_fields.List(restx_fields.Nested(_field_error), description="All fields at fault"),
        "request_id": restx_fields.String(required=True, example="5f2c9a8e1b7d4c30", description="Name it to us"),
    },
)
FAILURE_MODELS = [_field_error, failure]
ALWAYS_POSSIBLE: tuple[type[ApiError], ...] = (BadRequest, InternalError, ServiceUnavailable)


def errors_of(view: Any) -> frozenset[type[ApiError]]:
    """Return the errors that a view says it can raise."""
    declared: frozenset[type[ApiError]] = getattr(view, "__errors__", frozenset())
    return declared


def describe(view: View, *, errors: Iterable[type[ApiError]] = (), **doc: Any) -> View:
    """Add ``errors`` and flask-restx documentation to ``view`` and return it."""
    declared = errors_of(view) | frozenset(errors)
    view.__errors__ = declared  # type: ignore[attr-defined]
    doc["responses"] = {**doc.get("responses", {}), **failure_responses(declared)}
    view.__apidoc__ = merge(getattr(view, "__apidoc__", {}), doc)  # type: ignore[attr-defined]
    return view


def failure_responses(errors: Iterable[type[ApiError]]) -> dict[int, Any]:
    """Return flask-restx's ``responses`` for these errors, one entry for each HTTP status."""
    by_code: dict[int, list[str]] = {}
    for error in sorted(errors, key=lambda error: (error.code, error.status)):
        by_code.setdefault(error.code, []).append(f"**{error.status}** {error.message}")
    return {code: (_as_list(texts), failure, {}) for code, texts in by_code.items()}


def _as_list(texts: list[str]) -> str:
    """Return Markdown."""
    return texts[0] if len(texts) == 1 else "\n".join(f"- {text}" for text in texts)
