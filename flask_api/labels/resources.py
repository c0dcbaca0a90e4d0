"""HTTP of labels."""

from flask_api.labels.schemas import ns

__all__ = ["ns"]
