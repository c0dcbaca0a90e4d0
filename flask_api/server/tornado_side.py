"""What tornado answers itself, on the paths that the WSGI app never sees."""

import asyncio

from tornado.web import Application

from flask_api.server.files import FILES, file_rule
from flask_api.server.handlers import NothingHere
from flask_api.server.media import MEDIA_PREFIX, media_rule
from flask_api.server.page_refresh import REFRESH_PATH, refresh_rule
from flask_api.server.uploads import upload_rule
from flask_api.settings import Settings


def tornado_application(settings: Settings, draining: asyncio.Event) -> Application:
    """Return the tornado application; handlers with long answers end them when ``draining`` is set."""
    media = settings.data_dir / "media"
    media.mkdir(parents=True, exist_ok=True)
    rules = [media_rule(media), file_rule(settings), upload_rule(settings)]
    if settings.page_refresh:
        rules.append(refresh_rule())
    return Application(
        rules,
        default_handler_class=NothingHere,
        log_function=lambda _: None,
        draining=draining,
        origins=settings.cors_origins,
    )


def prefixes(settings: Settings) -> tuple[str, ...]:
    """Return what the paths begin with that tornado answers, once it has all of a request."""
    return (MEDIA_PREFIX, FILES, REFRESH_PATH) if settings.page_refresh else (MEDIA_PREFIX, FILES)
