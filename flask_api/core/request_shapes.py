"""Request shapes: what a client may send, compiled once into a validator and converters.

A shape is closed: what it does not list is refused. The fields at fault are reported together, in our own words, which
never repeat what was sent (it may be a password).
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from functools import cached_property
from itertools import islice
from typing import Any

import jsonschema_rs
from flask_restx import fields

from flask_api.core.errors import InvalidField
from flask_api.core.shape import Shape

Converter = Callable[[Any], Any]

MOST_LOOKED_AT = 30  # faults of one body: more help nobody

TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}
FORMATS = {
    "date": "must be a day such as 1996-05-17",
    "date-time": "must be a moment such as 2026-11-20T08:30:00Z",
}
MESSAGES: dict[str, Callable[[Any], str]] = {
    "required": lambda kind: "is missing",
    "additionalProperties": lambda kind: "is not a field of this request",
    "type": lambda kind: "must be " + " or ".join(TYPE_NAMES.get(name, name) for name in kind.types),
    "enum": lambda kind: "must be one of: " + ", ".join(str(word) for word in kind.options if word is not None),
    "minLength": lambda kind: f"must have at least {_count(kind.limit, 'character')}",
    "maxLength": lambda kind: f"must have at most {_count(kind.limit, 'character')}",
    "minimum": lambda kind: f"must be at least {kind.limit}",
    "maximum": lambda kind: f"must be at most {kind.limit}",
    "minItems": lambda kind: f"must have at least {_count(kind.limit, 'item')}",
    "maxItems": lambda kind: f"must have at most {_count(kind.limit, 'item')}",
    "uniqueItems": lambda kind: "must not repeat an item",
    "minProperties": lambda kind: "must name at least one field",
    "format": lambda kind: FORMATS.get(kind.format, f"must be a {kind.format}"),
    "pattern": lambda kind: "has characters or a form that is not allowed",
}


class RequestShape(Shape):
    """A closed JSON shape that clients send.

    Args:
        name: its name on the page.
        fields: flask-restx fields; ``required=True`` where they must be there.
        any_of_them: at least one field must be there (a change that changes something).
        exactly_one: of these fields one must be there, and no other.
    """

    def __init__(
        self,
        name: str,
        fields: dict[str, fields.Raw],
        *,
        any_of_them: bool = False,
        exactly_one: Sequence[str] = (),
    ) -> None:
        super().__init__(name, fields)
        self.any_of_them = any_of_them
        self.exactly_one = exactly_one

    @property
    def _schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = super()._schema
        if self.any_of_them:
            schema["minProperties"] = 1
        if self.exactly_one:  # the page's example shows the first of them; Swagger 2.0 has no words for the rest
            schema["description"] = f"Exactly one of: {', '.join(self.exactly_one)}."
            shown = self.keys() - set(self.exactly_one[1:])
            schema["example"] = {name: field.example for name, field in self.items() if name in shown}
        return schema

    @cached_property
    def _validator(self) -> Any:
        return jsonschema_rs.Draft7Validator(_self_contained(self), validate_formats=True)

    @cached_property
    def _convert(self) -> Converter:
        return _object_converter(self)

    def compile(self) -> None:
        """Build validator and converters now, so that a bad shape fails at start."""
        assert self._validator is not None
        assert self._convert is not None

    def load(self, value: Any) -> dict[str, Any]:
        """Return ``value`` checked, with days, moments and whole numbers as Python's own.

        Raises:
            InvalidField: names every field at fault.
        """
        if not self._validator.is_valid(value):
            raise invalid(self._problems(value))
        if self.exactly_one and sum(name in value for name in self.exactly_one) != 1:
            message = f"send exactly one of: {', '.join(self.exactly_one)}"
            raise invalid([{"field": name, "message": message} for name in self.exactly_one])
        converted: dict[str, Any] = self._convert(value)
        return converted

    def _problems(self, value: Any) -> list[dict[str, str]]:
        problems: dict[str, str] = {}
        for field, message in islice(self._faults(value), MOST_LOOKED_AT):
            problems.setdefault(field[:100], message)
        return [{"field": field, "message": message} for field, message in problems.items()]

    def _faults(self, value: Any) -> Iterator[tuple[str, str]]:
        for error in self._validator.iter_errors(value):
            message = MESSAGES.get(error.kind.name, lambda _: "is not allowed")(error.kind)
            yield from ((field, message) for field in _fields_at_fault(error))


def _fields_at_fault(error: Any) -> list[str]:
    """Return the paths of the fields that a validator's error is about: those missing or unknown, or the one named."""
    path, kind = [str(step) for step in error.instance_path], error.kind
    names: list[str] = []
    if kind.name == "required":
        names = [kind.property]
    elif kind.name == "additionalProperties":
        names = kind.unexpected
    return [".".join([*path, name]) for name in names] or [".".join(path) or "body"]


def invalid(problems: list[dict[str, str]]) -> InvalidField:
    """Return the error that reports these fields, the first one in its sentence."""
    first = problems[0]
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return InvalidField(f"{first['field']} {first['message']}{more}", field=first["field"], errors=problems)


def _self_contained(shape: Shape) -> dict[str, Any]:
    """Return the shape's JSON Schema with nested shapes in place of references."""
    schema = dict(shape._schema)
    schema["properties"] = {name: _field_schema(field) for name, field in shape.items()}
    return schema


def _field_schema(field: fields.Raw) -> dict[str, Any]:
    if isinstance(field, fields.Nested):
        schema = _self_contained(field.nested)
    elif isinstance(field, fields.List):
        schema = {**field.__schema__, "items": _field_schema(field.container)}
    else:
        schema = {key: value for key, value in field.__schema__.items() if key not in ("example", "default")}
    if schema.pop("x-nullable", False):
        schema["type"] = [schema["type"], "null"]
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
    return schema


def _object_converter(shape: Shape, path: str = "") -> Converter:
    """Return the function that turns an object's days, moments and whole numbers into Python's own, in place."""
    found = {name: _converter(field, f"{path}{name}") for name, field in shape.items()}
    converters = {name: convert for name, convert in found.items() if convert is not None}

    def convert_object(value: dict[str, Any]) -> dict[str, Any]:
        for name, convert in converters.items():
            if value.get(name) is not None:
                value[name] = convert(value[name])
        return value

    return convert_object


def _converter(field: fields.Raw, path: str) -> Converter | None:
    if isinstance(field, fields.Nested):
        return _object_converter(field.nested, f"{path}.")
    if isinstance(field, fields.List):
        convert_item = _converter(field.container, path)
        return None if convert_item is None else lambda items: [convert_item(item) for item in items]
    if isinstance(field, fields.Date):
        return _in_range(date.fromisoformat, path)
    if isinstance(field, fields.DateTime):
        return _in_range(lambda text: datetime.fromisoformat(text.upper().replace("Z", "+00:00")).astimezone(UTC), path)
    if isinstance(field, fields.Integer):
        return int  # JSON Schema takes 3.0 for a whole number
    return None


def _in_range(convert: Converter, path: str) -> Converter:
    """Refuse what is well formed but not in Python's calendar: the year 0, the 61st second."""

    def checked(text: Any) -> Any:
        try:
            return convert(text)
        except (ValueError, OverflowError):
            raise invalid([{"field": path, "message": "is out of range"}]) from None

    return checked


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
