"""Response shapes: what clients get, compiled once into functions.

flask-restx interprets a model for each object it marshals. Here a shape is turned into the source of one Python
function, ``lambda o: {"id": o.id, …}``, when the app starts; orjson then writes the result, moments included. For a
list of rows the function unpacks each row at once, ``[{"id": id, …} for (id, …) in rows]``.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import orjson
from flask_restx import fields
from sqlalchemy import Row

from flask_api.core.fields import Part
from flask_api.core.shape import Shape

Serialiser = Callable[[Any], Any]
Reader = Callable[[str], str]  # from the name of an attribute to the source that reads it

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
        self._by_columns: dict[tuple[str, ...], Serialiser] = {}

    @cached_property
    def serialise(self) -> Serialiser:
        """The compiled function from an object to what orjson writes."""
        names: dict[str, Any] = {}
        source = _object_source(self, lambda attribute: f"o.{attribute}", names)
        return _compile(f"lambda o: {source}", names)

    def serialise_list(self, objects: Sequence[Any]) -> list[Any]:
        """Return what orjson writes for some objects of one kind."""
        if not objects or not isinstance(objects[0], Row):
            return [*map(self.serialise, objects)]
        columns = objects[0]._fields
        if columns not in self._by_columns:
            self._by_columns[columns] = self._compile_for(columns)
        result: list[Any] = self._by_columns[columns](objects)
        return result

    def _compile_for(self, columns: tuple[str, ...]) -> Serialiser:
        names: dict[str, Any] = {}
        source = _object_source(self, lambda attribute: f"c_{attribute}", names)
        return _compile(f"lambda rows: [{source} for ({', '.join(f'c_{name}' for name in columns)},) in rows]", names)


def _compile(source: str, names: dict[str, Any]) -> Serialiser:
    compiled: Serialiser = eval(source, names)  # noqa: S307 - made of our own shapes' names, never of input
    return compiled


def _object_source(shape: Shape, read: Reader, names: dict[str, Any]) -> str:
    parts = [f"{name!r}: {_field_source(name, field, read, names)}" for name, field in shape.items()]
    return "{" + ", ".join(parts) + "}"


def _field_source(name: str, field: fields.Raw, read: Reader, names: dict[str, Any]) -> str:
    if isinstance(field, Part):
        return _object_source(field.nested, read, names)
    value = read(field.attribute or name)
    nested = field.container if isinstance(field, fields.List) else field
    if not isinstance(nested, fields.Nested):
        return value
    helper = f"serialise_{len(names)}"
    if isinstance(field, fields.List):
        names[helper] = nested.nested.serialise_list
        return f"{helper}({value})"
    names[helper] = nested.nested.serialise
    return f"(None if {value} is None else {helper}({value}))"


def to_json(value: Any) -> bytes:
    """Return ``value`` as JSON in UTF-8."""
    return orjson.dumps(value, option=ORJSON_OPTIONS)
