"""HTTP of hot."""

from flask_api.hot.schemas import ns

__all__ = ["ns"]
