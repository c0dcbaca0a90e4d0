"""Solo: the backend of a social app. ``create_app`` wires it together; importing does nothing."""

from collections.abc import Callable
from typing import Any

from flask import Flask
from flask.globals import request_ctx
from flask.typing import ResponseReturnValue
from flask_cors import CORS

from flask_api.api import register_api
from flask_api.core import metrics
from flask_api.core.failures import register_failure_handlers
from flask_api.core.logs import register_request_ids
from flask_api.core.rate_limits import register_limit_headers
from flask_api.core.request_ids import HEADER
from flask_api.core.routes import LazyRule
from flask_api.core.signing import SERVER_TIME, register_server_time
from flask_api.extensions import bind_extensions
from flask_api.providers.google import GoogleTokens
from flask_api.providers.mail import make_mail_provider
from flask_api.providers.outside_calls import Places
from flask_api.providers.sms import make_sms_provider
from flask_api.providers.storage import make_storage
from flask_api.settings import Settings

__all__ = ["create_app"]


class SoloApp(Flask):
    """Flask, without asking at each request whether each of our functions is a coroutine: none is."""

    url_rule_class = LazyRule

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        return func

    def dispatch_request(self) -> ResponseReturnValue:
        """Tell the server, which counts requests, by which rule this one has come here."""
        asked = request_ctx.request
        if asked.url_rule is not None:
            asked.environ[metrics.RULE] = asked.url_rule.rule
        return super().dispatch_request()


def create_app(settings: Settings) -> Flask:
    """Return a new app; several may live in one process. Nothing is connected to until a request needs it."""
    app = SoloApp("flask_api", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_size
    # Who asks a process about itself, on its own machine, need not know by which names the world does.
    app.config["TRUSTED_HOSTS"] = [*settings.allowed_hosts, "localhost"] if settings.allowed_hosts else None
    bind_extensions(app, settings)
    app.extensions["outside_places"] = Places(settings.threads)
    app.extensions["mail"] = make_mail_provider(settings)
    app.extensions["sms"] = make_sms_provider(settings)
    app.extensions["storage"] = make_storage(settings)
    app.extensions["google"] = GoogleTokens(settings)
    register_request_ids(app)
    register_limit_headers(app)
    register_server_time(app)
    register_failure_handlers(app)
    register_api(app, settings)
    if settings.cors_origins:
        shown = [HEADER, SERVER_TIME, "Date", "Retry-After", "RateLimit", "RateLimit-Policy", "Idempotency-Replayed"]
        CORS(app, origins=settings.cors_origins, expose_headers=shown, max_age=600)
    return app
