"""HTTP of likes."""

from flask_api.likes.schemas import ns

__all__ = ["ns"]
from flask_api.likes import services  # noqa: F401
