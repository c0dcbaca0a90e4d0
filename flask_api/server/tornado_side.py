"""What tornado answers itself, on the paths that the WSGI app never sees."""

import asyncio

from tornado.web import Application

from flask_api.server.handlers import NothingHere
from flask_api.server.media import media_rule
from flask_api.server.page_refresh import refresh_rule
from flask_api.settings import Settings


def tornado_application(settings: Settings, draining: asyncio.Event) -> Application:
    """Return the tornado application; handlers with long answers end them when ``draining`` is set."""
    media = settings.data_dir / "media"
    media.mkdir(parents=True, exist_ok=True)
    rules = [media_rule(media)]
    if settings.page_refresh:
        rules.append(refresh_rule())
    return Application(rules, default_handler_class=NothingHere, log_function=lambda _: None, draining=draining)
