"""``python manage.py demo``: a believable population, of any size."""

from flask_api.cli.demo.command import demo

__all__ = ["demo"]
