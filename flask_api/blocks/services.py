"""Blocks: the rules."""

from flask_api.people.models import UserLike  # noqa: F401 - so that the tables are known
