"""Query strings, checked by the same shapes as bodies."""

from typing import Any

from flask import request
from flask_restx import fields

from flask_api.core.request_shapes import RequestShape, invalid

WORDS = {"true": True, "false": False}


def load_query(shape: RequestShape) -> dict[str, Any]:
    """Return the request's query parameters by the shape, its defaults filled in.

    Raises:
        InvalidField: a parameter is unknown, missing, repeated, or of the wrong kind.
    """
    sent: dict[str, Any] = {}
    for name, values in request.args.lists():
        if len(values) > 1:
            raise invalid([{"field": name[:100], "message": "is given more than once"}])
        sent[name] = value_of(shape.get(name), values[0], name)
    loaded = shape.load(sent)
    return {name: loaded.get(name, field.default) for name, field in shape.items()}


def query_parameters(shape: RequestShape) -> dict[str, Any]:
    """Return flask-restx's ``params`` for the shape."""
    parameters = {}
    for name, field in shape.items():
        parameter = {**field.__schema__, "in": "query", "required": bool(field.required)}
        parameter.pop("example", None)  # Swagger 2.0 knows none on a parameter
        if isinstance(field, fields.List):
            items = {key: value for key, value in parameter["items"].items() if key != "example"}
            parameter |= {"items": items, "collectionFormat": "csv"}
        parameters[name] = parameter
    return parameters


def value_of(field: fields.Raw | None, text: str, name: str) -> Any:
    """Return the text of a query or form as the field's kind, a list by its commas; what cannot be one is left for the
    shape to refuse.

    Raises:
        InvalidField: it holds a NUL, which no database takes.
    """
    if "\x00" in text:
        raise invalid([{"field": name[:100], "message": "holds the character NUL"}])
    if isinstance(field, fields.Integer) and text.isascii() and text.removeprefix("-").isdigit() and len(text) <= 20:
        return int(text)
    if isinstance(field, fields.Boolean):
        return WORDS.get(text, text)
    if isinstance(field, fields.List):  # Swagger's csv
        return [value_of(field.container, part, name) for part in text.split(",")]
    return text
