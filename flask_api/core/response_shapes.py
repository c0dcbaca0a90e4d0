"""Response shapes: what clients get, compiled once into a function.

flask-restx interprets a model for each object it marshals. Here a shape is turned into the source of one Python
function, ``lambda o: {"id": o.id, …}``, when the app starts; orjson then writes the result, moments included.
"""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import orjson
from flask_restx import fields

from flask_api.core.fields import Part
from flask_api.core.shape import Shape

Serialiser = Callable[[Any], Any]

# Moments are aware UTC and end in Z (RFC 3339).
ORJSON_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


class ResponseShape(Shape):
    """A JSON shape that we answer. Every field is always there.

    Objects are read by attribute: rows, tables' objects, dataclasses. ``attribute="x"`` on a field reads another name.
    """

    def __init__(self, name: str, fields: dict[str, fields.Raw]) -> None:
        for field in fields.values():
            field.required = True
        super().__init__(name, fields)

    @cached_property
    def serialise(self) -> Serialiser:
        """The compiled function from an object to what orjson writes."""
        names: dict[str, Any] = {}
        source = f"lambda o: {_object_source(self, 'o', names)}"
        compiled: Serialiser = eval(source, names)  # noqa: S307 - made of our own shapes' names, never of input
        return compiled


def _object_source(shape: Shape, variable: str, names: dict[str, Any]) -> str:
    parts = [f"{name!r}: {_field_source(name, field, variable, names)}" for name, field in shape.items()]
    return "{" + ", ".join(parts) + "}"


def _field_source(name: str, field: fields.Raw, variable: str, names: dict[str, Any]) -> str:
    if isinstance(field, Part):
        return _object_source(field.nested, variable, names)
    value = f"{variable}.{field.attribute or name}"
    nested = field.container if isinstance(field, fields.List) else field
    if not isinstance(nested, fields.Nested):
        return value
    helper = f"serialise_{len(names)}"
    names[helper] = nested.nested.serialise
    if isinstance(field, fields.List):
        return f"[*map({helper}, {value})]"
    return f"(None if (inner := {value}) is None else {helper}(inner))"


def to_json(value: Any) -> bytes:
    """Return ``value`` as JSON in UTF-8."""
    return orjson.dumps(value, option=ORJSON_OPTIONS)
