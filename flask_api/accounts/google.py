"""Logging in by Google. An account belongs to a subject of Google's, never to an e-mail address: those change hands."""

import time
from typing import Any

from flask import current_app
from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError

from flask_api.accounts import logins
from flask_api.accounts.leaving import erase_account
from flask_api.accounts.logins import Client, Entrance, Login
from flask_api.accounts.models import GOOGLE, SocialLogin
from flask_api.accounts.proofs import lock_proven
from flask_api.audit import services as audit
from flask_api.core import personal_data
from flask_api.core.database import now
from flask_api.core.errors import Conflict, NotFound
from flask_api.core.proofs import LIFETIME
from flask_api.core.tokens import Token
from flask_api.core.transaction import lock, rows, transactional
from flask_api.extensions import db, settings
from flask_api.providers.google import Identity
from flask_api.users.models import UserAuth
from flask_api.users.services import add_user


class GoogleTaken(Conflict):
    status = "GOOGLE_TAKEN"
    message = "This Google account belongs to another account here."


class GoogleLinkedAlready(Conflict):
    status = "GOOGLE_LINKED_ALREADY"
    message = "This account is linked to another Google account; unlink that first."


class GoogleNotLinked(NotFound):
    status = "GOOGLE_NOT_LINKED"
    message = "This account is not linked to Google."


class OnlyWayIn(Conflict):
    status = "ONLY_WAY_IN"
    message = "Google is the only way into this account; set a phone first, or a password to the phone."


def log_in_by_google(id_token: str, client: Client) -> Login:
    """Log in by an ID token, registering who is new. An account without a phone is what that makes.

    Raises:
        GoogleOff, IdTokenInvalid, GoogleAway: see :meth:`GoogleTokens.verify`.
        AccountBanned: the account is banned.
    """
    with audit.refusals_recorded("login_failed", way=GOOGLE):
        identity = _verify(id_token)
    try:
        entrance = _enter(identity) or _register(identity)
    except IntegrityError:  # another request registered them in the meantime
        entrance = _enter(identity) or _register(identity)
    is_new = identity.made_at > time.time() - LIFETIME  # an older token may be anybody's by now
    return logins.issue(entrance, client, "id_token" if is_new else None)


def link_google(current: Token, id_token: str) -> None:
    """Let a user log in by this Google account from now on.

    Raises:
        TokenInvalid: see :func:`lock_proven`.
        GoogleOff, IdTokenInvalid, GoogleAway: see :meth:`GoogleTokens.verify`.
        GoogleLinkedAlready: another one lets the user in.
        GoogleTaken: it lets somebody else in.
    """
    with audit.refusals_recorded("google_link_failed", user_id=current.user_id):
        identity = _verify(id_token)
    try:
        _link(current, identity)
    except IntegrityError:
        raise GoogleTaken from None


@transactional
def unlink_google(current: Token) -> None:
    """Let a user log in by Google no more.

    Raises:
        TokenInvalid: see :func:`lock_proven`.
        GoogleNotLinked: they do not.
        OnlyWayIn: they have no phone, and a password alone lets nobody in; or a phone alone, and no SMS is sent.
    """
    user = lock_proven(current)
    link = _link_of(user.id)
    if link is None:
        raise GoogleNotLinked
    if user.phone is None or (settings.sms_provider == "none" and not user.has_password and user.email is None):
        raise OnlyWayIn
    db.session.delete(link)
    audit.record("google_unlinked", user_id=user.id)


def _verify(id_token: str) -> Identity:
    """Check the token; Google's keys may have to be fetched, so no transaction is open."""
    identity: Identity = current_app.extensions["google"].verify(id_token)
    return identity


@transactional
def _enter(identity: Identity) -> Entrance | None:
    """Let the owner in; None if there is no such account, or none any more."""
    found = db.session.execute(
        select(SocialLogin.id, SocialLogin.user_id).where(
            SocialLogin.provider == GOOGLE, SocialLogin.subject == identity.subject
        )
    ).first()
    user = None if found is None else lock(UserAuth, found.user_id)
    link = None if found is None or user is None else lock(SocialLogin, found.id)
    if user is None or link is None or (link.user_id, link.subject) != (user.id, identity.subject):
        return None  # it was unlinked, or linked anew, since we looked
    if logins.is_over(user):
        erase_account(user)
        return None
    link.email = identity.email
    return logins.note_login(user, GOOGLE)


@transactional
def _register(identity: Identity) -> Entrance:
    user = add_user(None, last_login_at=now())
    db.session.add(SocialLogin(user_id=user.id, provider=GOOGLE, subject=identity.subject, email=identity.email))
    db.session.flush()
    logins.record_login(user, way=GOOGLE, registered=True)
    return Entrance(user, registered=True)


@transactional
def _link(current: Token, identity: Identity) -> None:
    user_id = lock_proven(current).id
    link = _link_of(user_id)
    if link is not None and link.subject == identity.subject:
        return
    if link is not None:
        raise GoogleLinkedAlready
    db.session.add(SocialLogin(user_id=user_id, provider=GOOGLE, subject=identity.subject, email=identity.email))
    db.session.flush()
    audit.record("google_linked", user_id=user_id)


def _link_of(user_id: int) -> SocialLogin | None:
    query = select(SocialLogin).where(SocialLogin.user_id == user_id, SocialLogin.provider == GOOGLE)
    return db.session.scalar(query.with_for_update())


MINE = select(SocialLogin.provider, SocialLogin.subject, SocialLogin.email, SocialLogin.created_at).where(
    SocialLogin.user_id == bindparam("user_id")
)


def _export(user_id: int) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in rows(MINE, user_id=user_id)]


personal_data.register("social_logins", export=_export)
