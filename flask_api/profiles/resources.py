"""HTTP of profiles."""

from flask_api.profiles.schemas import ns

__all__ = ["ns"]
