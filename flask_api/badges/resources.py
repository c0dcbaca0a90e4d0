"""HTTP of badges."""

from flask_api.badges.schemas import ns

__all__ = ["ns"]
