"""HTTP of search."""

from flask_api.search.schemas import ns

__all__ = ["ns"]
