"""HTTP of accounts."""

from dataclasses import dataclass
from typing import Any

from flask import g, request

from flask_api.accounts import attempts, google, leaving, logins, proofs, schemas, services, sms_codes
from flask_api.accounts.schemas import ns
from flask_api.core import tokens
from flask_api.core.auth import basic_check, login_check
from flask_api.core.errors import InvalidField
from flask_api.core.logs import log_record
from flask_api.core.proofs import ProofNeeded, proof_check
from flask_api.core.rate_limits import LOGINS_PER_ADDRESS, limited, limited_inside
from flask_api.core.resource import Resource
from flask_api.core.signing import validsign
from flask_api.providers.google import GoogleAway, GoogleOff, IdTokenInvalid
from flask_api.providers.sms import SMSError
from flask_api.users.services import LastAdmin, PhoneTaken


@dataclass(frozen=True, slots=True)
class SessionList:
    items: list[services.Session]


def client(place: dict[str, float] | None = None) -> logins.Client:
    """Return where the request comes from; ``place`` is where it says that its sender is."""
    return logins.Client(request.headers.get("User-Agent", ""), request.remote_addr or "", place)


def asker() -> sms_codes.Asker:
    """Return who asks for a code."""
    return sms_codes.Asker(address=request.remote_addr or "", device=request.headers.get("X-Device-Id", "")[:64])


@ns.route("/sms-codes")
class SmsCodeList(Resource):
    @limited_inside(*sms_codes.LIMITS)
    @validsign
    @ns.header("X-Device-Id", "What your app calls this device, if it names it")
    @ns.body(schemas.code_request)
    @ns.fails(sms_codes.SentTooOften, sms_codes.SentTooOftenToday, sms_codes.TooManyCodes, SMSError)
    @ns.answer(schemas.sent_code, code=201, message="Code sent")
    def post(self, sent: dict[str, Any]) -> Any:
        """Send a code to a phone."""
        return sms_codes.send_code(asker=asker(), **sent)


@ns.route("/sms-login")
class SmsLogin(Resource):
    @log_record
    @limited(LOGINS_PER_ADDRESS)
    @validsign
    @ns.body(schemas.code_login)
    @ns.fails(sms_codes.CodeWrong, logins.AccountBanned)
    @ns.answer(schemas.login, message="Logged in")
    def post(self, sent: dict[str, Any]) -> Any:
        """Log in by code; a new phone is registered."""
        return logins.log_in_by_code(client=client(sent.pop("place", None)), **sent)


@ns.route("/password-login")
class PasswordLogin(Resource):
    @log_record
    @limited_inside(attempts.LOGINS_PER_PHONE)
    @limited(LOGINS_PER_ADDRESS)
    @validsign
    @ns.body(schemas.password_login)
    @ns.fails(logins.CredentialsWrong, attempts.TooManyFailures, logins.AccountBanned)
    @ns.answer(schemas.login, message="Logged in")
    def post(self, sent: dict[str, Any]) -> Any:
        """Log in by password."""
        return logins.log_in_by_password(client=client(sent.pop("place", None)), **sent)


@ns.route("/basic-login")
class BasicLogin(Resource):
    @log_record
    @limited_inside(attempts.LOGINS_PER_PHONE)
    @limited(LOGINS_PER_ADDRESS)
    @validsign
    @basic_check
    @ns.fails(InvalidField, logins.CredentialsWrong, attempts.TooManyFailures, logins.AccountBanned)
    @ns.answer(schemas.login, message="Logged in")
    def post(self, phone: str, password: str) -> Any:
        """Exchange phone and password, sent as HTTP Basic, for a token."""
        return logins.log_in_by_password(phone, password, client())


@ns.route("/google")
class Google(Resource):
    @log_record
    @limited(LOGINS_PER_ADDRESS)
    @validsign
    @ns.body(schemas.google_login)
    @ns.fails(GoogleOff, IdTokenInvalid, GoogleAway, logins.AccountBanned)
    @ns.answer(schemas.login, message="Logged in")
    def post(self, sent: dict[str, Any]) -> Any:
        """Log in by Google; who is new is registered, without a phone."""
        return google.log_in_by_google(client=client(sent.pop("place", None)), **sent)

    @log_record
    @limited(LOGINS_PER_ADDRESS)
    @validsign
    @login_check
    @ns.body(schemas.google_link)
    @proof_check
    @ns.fails(GoogleOff, IdTokenInvalid, GoogleAway, google.GoogleTaken, google.GoogleLinkedAlready)
    @ns.answer(message="Google linked")
    def put(self, sent: dict[str, Any]) -> None:
        """Log in by this Google account from now on, too."""
        google.link_google(g.token, **sent)

    @log_record
    @validsign
    @login_check
    @proof_check
    @ns.fails(google.GoogleNotLinked, google.OnlyWayIn)
    @ns.answer(message="Google unlinked")
    def delete(self) -> None:
        """Log in by Google no more."""
        google.unlink_google(g.token)


@ns.route("/phone")
class Phone(Resource):
    @log_record
    @limited(LOGINS_PER_ADDRESS)
    @validsign
    @login_check
    @ns.body(schemas.phone_setting)
    @proof_check
    @ns.fails(sms_codes.CodeWrong, PhoneTaken)
    @ns.answer(message="Phone set")
    def put(self, sent: dict[str, Any]) -> None:
        """Set or change my phone, by a code sent to the new one for phone; my other sessions end."""
        services.set_phone(g.token, **sent)


@ns.route("/logout")
class Logout(Resource):
    @log_record
    @validsign
    @login_check
    @ns.answer(message="Logged out")
    def post(self) -> None:
        """End this session."""
        tokens.end([g.token])


@ns.route("/sessions")
class SessionCollection(Resource):
    @validsign
    @login_check
    @ns.answer(schemas.session_list)
    def get(self) -> Any:
        """List where I am logged in."""
        return SessionList(services.list_sessions(g.token, g.caller.token_generation))

    @log_record
    @validsign
    @login_check
    @ns.answer(message="Other sessions ended")
    def delete(self) -> None:
        """End all my other sessions."""
        services.end_other_sessions(g.token)


@ns.route("/sessions/<int:session_id>")
class SessionItem(Resource):
    @log_record
    @validsign
    @login_check
    @ns.fails(services.SessionNotFound)
    @ns.answer(message="Session ended")
    def delete(self, session_id: int) -> None:
        """End one of my sessions."""
        services.end_session(g.token, session_id)


@ns.route("/password")
class Password(Resource):
    @log_record
    @validsign
    @login_check
    @ns.body(schemas.password_change)
    @proof_check
    @ns.answer(message="Password set")
    def put(self, sent: dict[str, Any]) -> None:
        """Set or change my password; my other sessions end."""
        services.set_password(g.token, **sent)


@ns.route("/password-reset")
class PasswordReset(Resource):
    @log_record
    @limited(LOGINS_PER_ADDRESS)
    @validsign
    @ns.body(schemas.password_reset)
    @ns.fails(sms_codes.CodeWrong)
    @ns.answer(message="Password set")
    def post(self, sent: dict[str, Any]) -> None:
        """Set a new password by a code sent for it to my phone or by mail; all my sessions end."""
        services.reset_password(**sent)


@ns.route("/proofs")
class ProofList(Resource):
    @log_record
    @limited_inside(attempts.PROOFS_PER_USER)
    @limited(LOGINS_PER_ADDRESS)
    @validsign
    @login_check
    @ns.body(schemas.proof_request)
    @ns.fails(ProofNeeded, proofs.ProofWrong, attempts.TooManyFailures, GoogleOff, GoogleAway)
    @ns.answer(schemas.proof, message="Proven")
    def post(self, sent: dict[str, Any]) -> Any:
        """Prove that this account is mine, before I change how I log in."""
        return proofs.prove(g.token, **sent)


@ns.route("/account")
class Account(Resource):
    @validsign
    @login_check
    @ns.answer(schemas.account)
    def get(self) -> Any:
        """Show how I log in, and what proves that it is me."""
        return proofs.get_account(g.user_id)

    @log_record
    @validsign
    @login_check
    @ns.fails(LastAdmin)
    @ns.answer(schemas.deletion, message="Account will be deleted")
    def delete(self) -> Any:
        """Delete my account after a grace period."""
        return leaving.request_deletion(g.user_id)


@ns.route("/account/export")
class AccountExport(Resource):
    @validsign
    @login_check
    @ns.answer(schemas.export)
    def get(self) -> Any:
        """Hand me everything that is kept of me."""
        return leaving.export_account(g.user_id)
