"""HTTP of e-mail addresses, codes by mail, and exports by mail."""

from typing import Any

from flask import g, request

from flask_api.accounts import codes, mail_codes
from flask_api.core.auth import TokenMissing, login_check, login_if_sent
from flask_api.core.idempotency import idempotent
from flask_api.core.logs import log_record
from flask_api.core.proofs import proof_check
from flask_api.core.rate_limits import LOGINS_PER_ADDRESS, limited, limited_inside
from flask_api.core.resource import Resource
from flask_api.core.signing import validsign
from flask_api.emails import exports, schemas, services
from flask_api.emails.schemas import ns
from flask_api.mail.messages import Language
from flask_api.providers.mail import MailError

LANGUAGE = ns.header("Accept-Language", "Of the mail: Chinese where it begins with `zh`, else English")


def language() -> Language:
    """Return the language that the client likes best, of those we have."""
    return "zh" if (request.accept_languages.best or "").lower().startswith("zh") else "en"


def asker() -> codes.Asker:
    """Return who asks for a code."""
    return codes.Asker(address=request.remote_addr or "")


@ns.route("/codes")
class MailCodeList(Resource):
    @limited_inside(*mail_codes.LIMITS)
    @validsign
    @login_if_sent
    @LANGUAGE
    @ns.body(schemas.mail_code_request)
    @ns.fails(TokenMissing, codes.SentTooOften, codes.SentTooOftenToday, codes.TooManyCodes, MailError)
    @ns.answer(schemas.sent_mail_code, code=201, message="Code on its way")
    def post(self, sent: dict[str, Any]) -> Any:
        """Send a code by mail: to set an address of mine, or a new password."""
        return mail_codes.send_code(**sent, language=language(), asker=asker(), user_id=g.get("user_id"))


@ns.route("/me")
class Email(Resource):
    @log_record
    @limited(LOGINS_PER_ADDRESS)
    @validsign
    @login_check
    @LANGUAGE
    @ns.body(schemas.email_setting)
    @proof_check
    @ns.fails(codes.CodeWrong, services.EmailTaken)
    @ns.answer(message="E-mail address set")
    def put(self, sent: dict[str, Any]) -> None:
        """Set my e-mail address by a code that was sent to it; the one before is told."""
        services.set_email(g.token, language=language(), **sent)

    @log_record
    @validsign
    @login_check
    @proof_check
    @LANGUAGE
    @ns.fails(services.EmailMissing)
    @ns.answer(message="E-mail address removed")
    def delete(self) -> None:
        """Remove my e-mail address; a last mail tells it."""
        services.remove_email(g.token, language=language())


@ns.route("/exports")
class AccountExportList(Resource):
    @log_record
    @limited_inside(exports.EXPORTS_PER_USER)
    @validsign
    @login_check
    @LANGUAGE
    @idempotent
    @ns.fails(services.EmailMissing, exports.ExportUnderWay, exports.TooManyExports, MailError)
    @ns.answer(schemas.started_export, code=202, message="Export on its way")
    def post(self) -> Any:
        """Have all that is kept of me put into a file, whose address comes by mail."""
        return exports.start_export(g.user_id, language=language())
