"""HTTP of nearby."""

from flask_api.nearby.schemas import ns

__all__ = ["ns"]
