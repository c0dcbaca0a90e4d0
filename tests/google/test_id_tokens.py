"""Which ID tokens are Google's, for us, and of now: PyJWT judges, and an issuer with keys of its own signs."""

import base64
import hashlib
import hmac
import json
import logging
import time
from collections.abc import Iterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask

from flask_api.providers.google import GoogleTokens, Identity, IdTokenInvalid
from flask_api.settings import Settings
from tests.clients import Client, data, failure
from tests.services.google_issuer import CLIENT_ID, GoogleIssuer, claims, kid, private_key

INVALID = (401, "ID_TOKEN_INVALID")


@pytest.fixture(scope="module")
def google() -> Iterator[GoogleIssuer]:
    with GoogleIssuer() as running:
        yield running


@pytest.fixture(scope="module")
def tokens(google: GoogleIssuer, plain_settings: Settings) -> GoogleTokens:
    """What checks the tokens, without an app around it."""
    return GoogleTokens(plain_settings.model_copy(update=google.settings()))


def is_refused(tokens: GoogleTokens, id_token: str) -> bool:
    with pytest.raises(IdTokenInvalid):
        tokens.verify(id_token)
    return True


def log_in(client: Client, id_token: object) -> tuple[int, str]:
    return failure(client.post("/auth/google", json={"id_token": id_token}))


def test_googles_token_tells_who_it_is(tokens: GoogleTokens, google: GoogleIssuer) -> None:
    made_at = int(time.time()) - 30
    assert tokens.verify(google.id_token("1", iat=made_at)) == Identity("1", "1@example.com", made_at)


REFUSED: dict[str, dict[str, Any]] = {
    "for another app": {"aud": "another.apps.googleusercontent.com"},
    "for us and others": {"aud": [CLIENT_ID, "another.apps.googleusercontent.com"]},
    "for nobody": {"aud": None},
    "by another issuer": {"iss": "https://accounts.google.com.evil.test"},
    "by an issuer that looks alike": {"iss": "https://accounts.google.com/"},
    "by nobody": {"iss": None},
    "expired": {"exp": int(time.time()) - 11},
    "without an end": {"exp": None},
    "with an end that is none": {"exp": "soon"},
    "with an end that is a list": {"exp": [1]},
    "with an end beyond all numbers": {"exp": float("inf")},
    "of tomorrow": {"iat": int(time.time()) + 86400},
    "not valid yet": {"nbf": int(time.time()) + 3600},
    "of no time": {"iat": None},
    "of an address that is not verified": {"email_verified": False},
    "of an address that is verified in words": {"email_verified": "true"},
    "of an address of which nothing is said": {"email_verified": None},
    "without an address": {"email": None},
    "of an address that is none": {"email": 7},
    "of an endless address": {"email": "a" * 255},
    "of nobody": {"subject": None},
    "of an empty subject": {"subject": ""},
    "of a subject that is a number": {"subject": 110169484474386276334},
    "of an endless subject": {"subject": "1" * 256},
    "of a subject that ends in a space": {"subject": "1 "},
    "of a subject in other letters": {"subject": "１"},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED.keys())
def test_token_that_says_something_else_is_refused(
    tokens: GoogleTokens, google: GoogleIssuer, changes: dict[str, Any]
) -> None:
    assert is_refused(tokens, google.id_token(**{"subject": "1", **changes}))


def test_clocks_may_differ_by_some_seconds(tokens: GoogleTokens, google: GoogleIssuer) -> None:
    now = int(time.time())
    assert tokens.verify(google.id_token("1", iat=now + 5)).subject == "1"
    assert tokens.verify(google.id_token("1", exp=now - 5)).subject == "1"


def forged() -> dict[str, str]:
    """Tokens that nobody at Google has signed."""
    said, header = claims("1"), {"kid": kid(1)}
    public = private_key(1).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    good = jwt.encode(said, private_key(1), "RS256", headers=header)
    head, body, signature = good.split(".")
    other = encoded({**said, "sub": "2"})
    return {
        "no signature": jwt.encode(said, None, "none", headers=header),
        "alg none with a signature": f"{encoded({'alg': 'none', 'kid': kid(1)})}.{body}.{signature}",
        "HS256 with the public key": hs256({"alg": "HS256", "kid": kid(1)}, said, pem),
        "HS256 with the public key, said to be RS256": hs256({"alg": "RS256", "kid": kid(1)}, said, pem),
        "another RSA algorithm": jwt.encode(said, private_key(1), "RS512", headers=header),
        "another's key under Google's name": jwt.encode(said, private_key(9), "RS256", headers=header),
        "another's key inside": f"{encoded({'alg': 'RS256', 'kid': kid(1), 'jwk': {'kty': 'RSA'}})}.{body}.{signature}",
        "a key elsewhere": jwt.encode(said, private_key(9), "RS256", headers={"jku": "http://127.0.0.1:1/", **header}),
        "something else said": f"{head}.{other}.{signature}",
        "no key named": jwt.encode(said, private_key(1), "RS256"),
        "a key named by a number": f"{encoded({'alg': 'RS256', 'kid': 7})}.{body}.{signature}",
        "a key named by a list": f"{encoded({'alg': 'RS256', 'kid': [1]})}.{body}.{signature}",
        "what must be understood and is not": f"{encoded({'alg': 'RS256', 'kid': kid(1), 'crit': ['x']})}.{body}.x",
        "a deep header": f"{base64.urlsafe_b64encode(b'[' * 5000).decode()}.{body}.{signature}",
        "half a token": f"{head}.{body}",
        "empty parts": "..",
        "no token": "ya29.a0AfH6SMBx",
        "odd letters": "é.ü.中",
        "a lone zero": "\0",
    }


def hs256(header: dict[str, Any], said: dict[str, Any], secret: bytes) -> str:
    """Sign past PyJWT, which would not take a public key for a secret."""
    text = f"{encoded(header)}.{encoded(said)}"
    signature = hmac.new(secret, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


def encoded(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_forged_tokens_are_refused(tokens: GoogleTokens, google: GoogleIssuer) -> None:
    tokens.verify(google.id_token())
    fetches = google.fetches
    assert [kind for kind, token in forged().items() if not is_refused(tokens, token)] == []
    assert google.fetches == fetches


def test_odd_tokens_are_4xx(client: Client, issuer: GoogleIssuer) -> None:
    deep = f"{base64.urlsafe_b64encode(b'[' * 5000).decode()}.e30.x"
    for token in ("", ".", "..", "é.ü.中", deep, issuer.id_token(email_verified=False)):
        assert log_in(client, token) == INVALID
    assert [log_in(client, token)[0] for token in ("\0", "x" * 8193, None, 1, {})] == [400] * 5


def test_every_reason_looks_the_same_and_the_log_tells_them_apart(
    client: Client, issuer: GoogleIssuer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tokens = [issuer.id_token(aud="x"), issuer.id_token(exp=1), issuer.id_token(email_verified=False)]
    answers = [client.post("/auth/google", json={"id_token": token}).get_json() for token in tokens]
    assert len({json.dumps({**answer, "request_id": None}) for answer in answers}) == 1
    for reason in ("InvalidAudienceError", "ExpiredSignatureError", "EmailNotVerified"):
        assert f"an ID token was refused: {reason}" in caplog.text
    assert all(token not in caplog.text for token in tokens)


def test_token_may_come_again_until_it_expires(client: Client, issuer: GoogleIssuer) -> None:
    """As Google allows: its apps hand out the same one when asked twice."""
    token = issuer.id_token()
    logins = [data(client.post("/auth/google", json={"id_token": token})) for _ in range(2)]
    assert [login["registered"] for login in logins] == [True, False]
    assert logins[0]["user_id"] == logins[1]["user_id"]
    assert logins[0]["token"] != logins[1]["token"]


def test_any_of_several_client_ids_will_do(plain_settings: Settings, google: GoogleIssuer) -> None:
    several = {**google.settings(), "google_client_ids": ["ios", "android"]}
    tokens = GoogleTokens(plain_settings.model_copy(update=several))
    assert [tokens.verify(google.id_token("1", aud=name)).subject for name in ("ios", "android")] == ["1", "1"]
    assert is_refused(tokens, google.id_token(aud=CLIENT_ID))


def test_without_client_ids_nobody_logs_in_by_google(app: Flask, settings: Settings, issuer: GoogleIssuer) -> None:
    app.extensions["google"] = GoogleTokens(settings.model_copy(update={"google_client_ids": []}))
    assert log_in(Client(app), issuer.id_token()) == (404, "GOOGLE_OFF")
    assert issuer.fetches == 0
