"""Google on loopback: an issuer of ID tokens with keys of its own, which it publishes."""

import json
import time
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from tests.services.upstream import Reply, Request, Upstream

CLIENT_ID = "407408718192.apps.googleusercontent.com"
ISSUER = "https://accounts.google.com"
HOUR = 3600


def private_key(number: int, bits: int = 2048) -> RSAPrivateKey:
    """One of a few keys."""
    return _make(number, bits)


@cache  # making one takes long
def _make(_number: int, bits: int) -> RSAPrivateKey:
    return generate_private_key(public_exponent=65537, key_size=bits)


def public_jwk(number: int, bits: int = 2048, **changes: Any) -> dict[str, Any]:
    """Return a key as Google publishes its own."""
    described: dict[str, Any] = RSAAlgorithm.to_jwk(private_key(number, bits).public_key(), as_dict=True)
    described.pop("key_ops", None)
    return {**described, "kid": kid(number), "use": "sig", "alg": "RS256", **changes}


def kid(number: int) -> str:
    return f"key-{number}"


class GoogleIssuer(Upstream):
    """Publishes the keys whose numbers are in ``published``, and signs with the last of them.

    Args:
        max_age: for how many seconds it lets its keys be kept.
    """

    def __init__(self, max_age: int = HOUR) -> None:
        super().__init__(self._publish)
        self.published = [1]
        self.max_age = max_age

    def _publish(self, _request: Request) -> Reply:
        headers = {"Cache-Control": f"public, max-age={self.max_age}, must-revalidate, no-transform"}
        keys = {"keys": [public_jwk(number) for number in self.published]}
        return 200, {"Content-Type": "application/json; charset=UTF-8", **headers}, json.dumps(keys).encode()

    @property
    def fetches(self) -> int:
        """How often the keys were asked for."""
        return len(self.requests)

    def settings(self) -> dict[str, Any]:
        """What Solo is told so that it takes this for Google."""
        return {"google_client_ids": [CLIENT_ID], "google_keys_url": f"{self.url}/oauth2/v3/certs"}

    def id_token(self, subject: Any = "110169484474386276334", *, key: int | None = None, **changes: Any) -> str:
        """Return an ID token as Google's; a claim that is changed to None is left out."""
        number = self.published[-1] if key is None else key
        return jwt.encode(claims(subject, **changes), private_key(number), "RS256", headers={"kid": kid(number)})


def claims(subject: Any, **changes: Any) -> dict[str, Any]:
    """Return what Google says of somebody."""
    now = int(time.time())
    said = {
        "iss": ISSUER,
        "azp": CLIENT_ID,
        "aud": CLIENT_ID,
        "sub": subject,
        "email": f"{subject}@example.com",
        "email_verified": True,
        "name": "Lin Wei",
        "iat": now,
        "exp": now + HOUR,
        **changes,
    }
    return {name: value for name, value in said.items() if value is not None}
