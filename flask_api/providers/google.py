"""Google's ID tokens: who somebody is at Google, proven by Google's signature (OpenID Connect Core 1.0 §3.1.3.7).

A token may come again until it expires, an hour after it was made, as Google's own libraries allow: their apps hand out
the same one when asked twice. That nobody sends somebody else's request again is for ``@validsign`` to see to.
"""

import logging
import re
import time
from dataclasses import dataclass
from typing import Any

import jwt

from flask_api.core.errors import NotFound, ServiceUnavailable, Unauthorized
from flask_api.providers.google_keys import GoogleKeys, KeysAway
from flask_api.settings import Settings

log = logging.getLogger(__name__)

ALGORITHM = "RS256"
LEEWAY = 10  # seconds that Google's clock and ours may differ
REQUIRED = ["iss", "aud", "exp", "iat", "sub", "email"]
# OpenID Connect Core §2: ASCII, 255 at most; without spaces, of which MySQL overlooks those at the end.
SUBJECT = re.compile(r"[!-~]{1,255}\Z")
MAX_EMAIL = 254  # characters, by RFC 5321
# What PyJWT lets through of a token that nobody at Google has made, beside its own errors.
ODD = (ValueError, TypeError, KeyError, OverflowError, RecursionError)


class IdTokenInvalid(Unauthorized):
    status = "ID_TOKEN_INVALID"
    message = "This is no valid ID token of Google's for this app; ask Google for a new one."


class GoogleAway(ServiceUnavailable):
    status = "GOOGLE_AWAY"
    message = "Google does not answer; try again in a moment, or log in another way."
    retry_after = 5


class GoogleOff(NotFound):
    status = "GOOGLE_OFF"
    message = "Nobody logs in by Google here."


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody at Google. ``subject`` is theirs for ever; ``email`` is verified, and may change hands.

    ``made_at`` is when the token was made (Unix seconds).
    """

    subject: str
    email: str
    made_at: float


class SubjectInvalid(jwt.InvalidTokenError):
    """No subject of Google's looks like this."""


class EmailNotVerified(jwt.InvalidTokenError):
    """Google has not seen that the address is theirs."""


class MadeTooLongAgo(jwt.InvalidTokenError):
    """It would do for a login, but who sends it need not be who got it from Google."""


class GoogleTokens:
    """Checks ID tokens that were made for the client ids of the settings."""

    def __init__(self, values: Settings, keys: GoogleKeys | None = None) -> None:
        self._client_ids, self._issuers = values.google_client_ids, values.google_issuers
        self._keys = keys or GoogleKeys(values.google_keys_url, values.outside_timeout)

    def verify(self, id_token: str, *, max_age: float | None = None) -> Identity:
        """Return who the token speaks of.

        Args:
            max_age: how many seconds ago it may have been made; None: as long as it has not expired.

        Raises:
            GoogleOff: the settings name no client id.
            IdTokenInvalid: it is not Google's, not for us, too old, or of an address that is not verified.
            GoogleAway: Google's keys are not known and cannot be fetched.
        """
        if not self._client_ids:
            raise GoogleOff
        try:
            claims = self._claims(id_token)
            if max_age is not None and claims["iat"] < time.time() - max_age - LEEWAY:
                raise MadeTooLongAgo
            return _identity(claims)
        except KeysAway:
            raise GoogleAway from None
        except (jwt.PyJWTError, *ODD) as error:
            log.info("an ID token was refused: %s", type(error).__name__)
            raise IdTokenInvalid from None

    def _claims(self, id_token: str) -> dict[str, Any]:
        header = jwt.get_unverified_header(id_token)
        if header.get("alg") != ALGORITHM:
            raise jwt.InvalidAlgorithmError
        key = self._keys.find(header["kid"])
        if key is None:
            raise jwt.InvalidKeyError
        claims: dict[str, Any] = jwt.decode(
            id_token,
            key,
            algorithms=[ALGORITHM],
            audience=self._client_ids,
            issuer=self._issuers,
            leeway=LEEWAY,
            options={"require": REQUIRED},
        )
        return claims


def _identity(claims: dict[str, Any]) -> Identity:
    subject, email, audience = claims["sub"], claims["email"], claims["aud"]
    if not isinstance(audience, str):  # one made for others as well could be theirs to send us
        raise jwt.InvalidAudienceError
    if not SUBJECT.match(subject):
        raise SubjectInvalid
    if claims.get("email_verified") is not True or not isinstance(email, str) or len(email) > MAX_EMAIL:
        raise EmailNotVerified
    return Identity(subject, email, claims["iat"])
