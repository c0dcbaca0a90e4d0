"""The fields that shapes are made of: flask-restx's own, told apart where Swagger needs it.

``nullable=True`` shows as ``x-nullable`` (Swagger 2.0 has no null) and is enforced. ``Choice`` is an enumeration of
words. ``Part`` shows some of the same object under a name of its own, without a query of its own.
"""

from collections.abc import Iterable
from typing import Any

from flask_restx import fields


class _Nullable:
    """Puts ``nullable`` into the schema."""

    nullable: bool | None

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = super().schema()  # type: ignore[misc]
        if self.nullable:
            schema["x-nullable"] = True
        return schema


class String(_Nullable, fields.String):
    pass


class Integer(_Nullable, fields.Integer):
    pass


class Number(_Nullable, fields.Float):
    """A number with a fraction."""


class RowId(Integer):
    """The id of a row: what a BIGINT can hold."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"min": 1, "max": 2**63 - 1, "example": 1, **kwargs})


class Boolean(_Nullable, fields.Boolean):
    pass


class DateTime(_Nullable, fields.DateTime):
    """An ISO 8601 moment in UTC, with ``Z``."""

    __schema_example__ = "2026-11-20T08:30:00Z"


class Date(_Nullable, fields.Date):
    """An ISO 8601 day."""

    __schema_example__ = "1996-05-17"


class List(_Nullable, fields.List):
    pass


class Object(_Nullable, fields.Raw):
    """An object of no fixed shape."""


# No control characters, nothing that turns the direction of writing, no blank at either end.
_UNSEEN = r"\u0000-\u001f\u007f-\u009f\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff"


class Name(String):
    """A line of text that people read: a nickname, the name of a thing."""

    def __init__(self, *, max_length: int, **kwargs: Any) -> None:
        pattern = rf"^[^\s{_UNSEEN}]([^{_UNSEEN}]*[^\s{_UNSEEN}])?$"
        super().__init__(min_length=1, max_length=max_length, pattern=pattern, **kwargs)


class Choice(String):
    """One of some words."""

    def __init__(self, words: Iterable[str], **kwargs: Any) -> None:
        super().__init__(enum=list(words), **kwargs)


class Nested(fields.Nested):
    """An object of another shape."""

    def __init__(self, model: Any, nullable: bool = False, **kwargs: Any) -> None:
        super().__init__(model, allow_null=nullable, **kwargs)
        self.may_be_null = nullable

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = super().schema()
        if self.may_be_null:
            schema["x-nullable"] = True
            if "$ref" in schema:  # a reference may have no neighbours
                schema["allOf"] = [{"$ref": schema.pop("$ref")}]
        return schema


class Part(Nested):
    """The same object seen through another shape: ``author`` out of a row's ``author_id``, ``author_nickname``."""
