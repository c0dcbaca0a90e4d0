"""The Api and the list of namespaces: the table of contents of ``/api/v1``."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

from flask import Blueprint, Flask, Response, current_app, render_template, request
from flask_restx import Api
from werkzeug.routing import IntegerConverter

from flask_api.accounts.logins import is_admin
from flask_api.accounts.resources import ns as accounts
from flask_api.admin.resources import ns as admin
from flask_api.albums.resources import ns as albums
from flask_api.app_keys.resources import ns as app_keys
from flask_api.audit.resources import ns as audit
from flask_api.badges.resources import ns as badges
from flask_api.blocks.resources import ns as blocks
from flask_api.blog.resources import ns as blog
from flask_api.core.arrival import arrive
from flask_api.core.auth import SECURITY_SCHEMES, BasicMissing, login_check_with
from flask_api.core.credentials import token_sent
from flask_api.core.describing import FAILURE_MODELS
from flask_api.core.errors import BadRequest, Forbidden, NotFound, Unauthorized
from flask_api.core.origin import comes_from_this_machine
from flask_api.core.rate_limits import LOGINS_PER_ADDRESS, limited
from flask_api.core.response_shapes import to_json
from flask_api.core.signing import is_signable
from flask_api.core.swagger_file import swagger_file
from flask_api.emails.resources import ns as emails
from flask_api.hot.resources import ns as hot
from flask_api.labels.resources import ns as labels
from flask_api.likes.resources import ns as likes
from flask_api.nearby.resources import ns as nearby
from flask_api.profiles.resources import ns as profiles
from flask_api.search.resources import ns as search
from flask_api.settings import Settings, SettingsError
from flask_api.system.resources import ns as system
from flask_api.system.resources import show_metrics
from flask_api.uploads.resources import ns as uploads
from flask_api.users.resources import ns as users
from flask_api.vip.resources import ns as vip
from flask_api.visitors.resources import ns as visitors

NAMESPACES = [
    *(accounts, emails, users, profiles, uploads, albums, labels),
    *(search, nearby, hot, visitors, likes, blocks, badges, vip),
    *(blog, admin, app_keys, audit, system),
]

DESCRIPTION = """The backend of a social app.

**Log in here:** send your phone to `POST /auth/sms-codes`; in development the code comes back in the answer. Send both
to `POST /auth/sms-login`, copy the token, press **Authorize** and paste it.

Every success is `{code, status, message, data}`; every failure is `{code, status, message, request_id}` and, where
fields are at fault, `field` and `errors`. `status` is for programs, `message` for people."""


class SoloApi(Api):  # type: ignore[misc]
    """flask-restx's Api, leaving failures to ``core/failures.py`` and documentation to the shapes."""

    def error_router(self, original_handler: Any, error: Exception) -> Any:
        """Let Flask's own error handlers answer."""
        return original_handler(error)

    def render_doc(self) -> str:
        """Show the page."""
        refresh = current_app.extensions["settings"].page_refresh
        return render_template("swagger.html", title=self.title, specs_url=self.specs_url, page_refresh=refresh)

    def render_file(self) -> Response:
        """Answer the Swagger file, built once."""
        return Response(self.file, content_type="application/json")

    @cached_property
    def file(self) -> bytes:
        """The Swagger 2.0 file as JSON."""
        return to_json(swagger_file(self))

    def _register_apidoc(self, app: Flask) -> None:
        """Serve the page's files only where the page is shown."""
        if app.extensions["settings"].shows_swagger_ui:
            super()._register_apidoc(app)


class RowId(IntegerConverter):
    """``<int:…>`` in an address: what a BIGINT can hold, so that no database is asked for more."""

    regex = "[0-9]+"  # Werkzeug's own takes the digits of all scripts

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"min": 0, "max": 2**63 - 1, **kwargs})


def register_api(app: Flask, settings: Settings) -> None:
    """Mount ``/api/v1`` and, where the settings show it, the Swagger page at ``/api/``."""
    app.url_map.converters["int"] = RowId
    app.config |= {"RESTX_MASK_HEADER": "", "RESTX_MASK_SWAGGER": False, "RESTX_ERROR_404_HELP": False}
    blueprint = Blueprint("api", __name__, url_prefix="/api")
    api = SoloApi(
        title="Solo", version="1.0", description=DESCRIPTION, prefix="/v1", doc="/", authorizations=SECURITY_SCHEMES
    )
    api.init_app(blueprint, add_specs=False)  # it would put swagger.json below the prefix
    if settings.shows_swagger_ui:
        blueprint.add_url_rule("/", "doc", _for_admins(api.render_doc))
        blueprint.add_url_rule("/swagger.json", "specs", _for_admins(api.render_file))
    for model in FAILURE_MODELS:
        api.add_model(model.name, model)
    for namespace in NAMESPACES:
        api.add_namespace(namespace)
        namespace.apis.remove(api)  # for resources that are added later: none is, and it would keep the app for ever
    app.register_blueprint(blueprint)
    app.add_url_rule("/metrics", "metrics", _for_this_machine(show_metrics))
    _check_areas(settings)


def _for_admins(show: Callable[[], Any]) -> Callable[[], Any]:
    """Show a document to everybody in development, in production to admins."""
    to_admins = _to_admins(show)
    return lambda: to_admins() if current_app.extensions["settings"].in_production else show()


def _for_this_machine(show: Callable[[], Any]) -> Callable[[], Any]:
    """Show a document to who asks from this machine, and to admins; for all others nothing is here."""
    to_admins = _to_admins(show)

    def shown() -> Any:
        if comes_from_this_machine():
            return show()
        if "HTTP_AUTHORIZATION" not in request.environ and not token_sent(request.environ):
            raise NotFound
        try:
            return to_admins()
        except (Unauthorized, Forbidden, BadRequest):
            raise NotFound from None

    return shown


def _to_admins(show: Callable[[], Any]) -> Callable[[], Any]:
    """Show a document to admins: by token, or by Basic, as browsers ask."""
    to_admin = limited(LOGINS_PER_ADDRESS)(login_check_with(show, "admin"))

    def shown() -> Any:
        arrive(to_admin, request.environ)
        basic = request.authorization
        if basic is not None and basic.type == "basic" and is_admin(basic.username or "", basic.password or ""):
            return show()
        if not token_sent(request.environ):
            raise BasicMissing("This page is for admins: log in with phone and password.")
        return to_admin()

    return shown


def _check_areas(settings: Settings) -> None:
    """Refuse to demand signatures where no view checks them: they would be demanded of nobody."""
    signable = {ns.name for ns in NAMESPACES if any(is_signable(view) for view in ns.views())}
    if unknown := sorted(set(settings.areas_to_sign) - signable):
        raise SettingsError(f"SOLO_SIGNED_AREAS: {unknown[0]} signs nothing; there are: {', '.join(sorted(signable))}")
