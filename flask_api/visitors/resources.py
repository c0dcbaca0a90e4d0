"""HTTP of visitors."""

from flask_api.visitors.schemas import ns

__all__ = ["ns"]
