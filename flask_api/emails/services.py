"""The e-mail address of an account, which its owner has shown to read."""

from sqlalchemy.exc import IntegrityError

from flask_api.accounts import mail_codes
from flask_api.accounts.proofs import lock_proven
from flask_api.audit import services as audit
from flask_api.core.errors import Conflict
from flask_api.core.tokens import Token
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.mail.messages import Language
from flask_api.mail.services import is_mail_sent, send_mail
from flask_api.users import emails


class EmailMissing(Conflict):
    status = "EMAIL_MISSING"
    message = "This account has no e-mail address; set one first."


class EmailTaken(Conflict):
    status = "EMAIL_TAKEN"
    message = "This e-mail address belongs to another account."


def set_email(current: Token, email: str, code: str, *, language: Language) -> None:
    """Set the address that a code was sent to, in the place of the one before, which gets a mail about it.

    Raises:
        TokenInvalid: see :func:`lock_proven`.
        CodeWrong: see :func:`mail_codes.use_code`.
        EmailTaken: another account has the address.
    """
    email, user_id = emails.normalise(email), current.user_id
    with audit.refusals_recorded("email_set_failed", user_id=user_id, email=email):
        mail_codes.use_code(email, "email", code, user_id)
    try:
        _set_email(current, email, language)
    except IntegrityError:
        raise EmailTaken(field="email") from None


@transactional
def _set_email(current: Token, email: str, language: Language) -> None:
    user = lock_proven(current)
    before, user.email = user.email, email
    db.session.flush()
    if before != email:
        _tell(before, language)
    audit.record("email_set", user_id=user.id, email=email)


@transactional
def remove_email(current: Token, *, language: Language) -> None:
    """Take the address away, and tell it so by mail.

    Raises:
        TokenInvalid: see :func:`lock_proven`.
        EmailMissing: there is none.
    """
    user = lock_proven(current)
    if user.email is None:
        raise EmailMissing
    _tell(user.email, language)
    user.email = None
    audit.record("email_removed", user_id=user.id)


def _tell(before: str | None, language: Language) -> None:
    """Tell the address that was there: if somebody else took it away, its owner learns it."""
    if before is not None and is_mail_sent():
        send_mail(to=before, template="email_changed", language=language, values={})
