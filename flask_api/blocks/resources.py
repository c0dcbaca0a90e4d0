"""HTTP of blocks."""

from flask_api.blocks.schemas import ns

__all__ = ["ns"]
