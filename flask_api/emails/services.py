"""The e-mail address of an account, which its owner has shown to read."""

from sqlalchemy.exc import IntegrityError

from flask_api.accounts import mail_codes
from flask_api.audit import services as audit
from flask_api.core.errors import Conflict
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.users import emails
from flask_api.users.services import lock_user


class EmailMissing(Conflict):
    status = "EMAIL_MISSING"
    message = "This account has no e-mail address; set one first."


class EmailTaken(Conflict):
    status = "EMAIL_TAKEN"
    message = "This e-mail address belongs to another account."


def set_email(user_id: int, email: str, code: str) -> None:
    """Set the address that a code was sent to, in the place of the one before.

    Raises:
        CodeWrong: see :func:`mail_codes.use_code`.
        EmailTaken: another account has the address.
    """
    email = emails.normalise(email)
    with audit.refusals_recorded("email_set_failed", user_id=user_id, email=email):
        mail_codes.use_code(email, "email", code, user_id)
    try:
        _set_email(user_id, email)
    except IntegrityError:
        raise EmailTaken(field="email") from None


@transactional
def _set_email(user_id: int, email: str) -> None:
    lock_user(user_id).email = email
    db.session.flush()
    audit.record("email_set", user_id=user_id, email=email)


@transactional
def remove_email(user_id: int) -> None:
    """Take the address away.

    Raises:
        EmailMissing: there is none.
    """
    user = lock_user(user_id)
    if user.email is None:
        raise EmailMissing
    user.email = None
    audit.record("email_removed", user_id=user_id)
