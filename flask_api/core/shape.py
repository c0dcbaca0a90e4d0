"""What request and response shapes have in common."""

from typing import Any, Self

from flask_restx import fields
from flask_restx.model import Model


class Shape(Model):  # type: ignore[misc]
    """A named, closed JSON shape: what it does not list does not exist."""

    def __init__(self, name: str, fields: dict[str, fields.Raw]) -> None:
        super().__init__(name, fields, strict=True)

    def __deepcopy__(self, _memo: Any) -> Self:
        """flask-restx copies documentation deeply; a shape never changes, so it is shared."""
        return self
