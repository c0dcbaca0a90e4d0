"""Signatures of requests: what is signed, and how. Pure functions; the protocol for clients is docs/signing.md.

Version 2 is HMAC-SHA256 over all that the request says. Version 1 is the original's MD5 over its parameters, for those
clients that are in the field.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

ALGORITHM = "SOLO2-HMAC-SHA256"
UNRESERVED = "-._~"  # with letters and digits: RFC 3986, section 2.3
NOT_SIGNED_IN_V1 = frozenset({"timestamp", "nonce", "appkey", "sign", "token"})


@dataclass(frozen=True, slots=True)
class Signed:
    """What version 2 signs.

    Args:
        method: as in the request line.
        path: decoded, as bytes; without the query.
        query: as it was sent, without ``?``.
        body: all of it; empty where there is none.
        timestamp: Unix time in whole seconds, as it was sent.
        nonce: as it was sent.
        token: the login token; empty where none was sent.
    """

    method: str
    path: bytes
    query: str
    body: bytes
    timestamp: str
    nonce: str
    token: str = ""


def canonical_request(signed: Signed) -> str:
    """Return the text that is signed: eight lines, the same for all ways to write the same request."""
    return "\n".join(
        [
            ALGORITHM,
            signed.method.upper(),
            quote(signed.path, safe=f"/{UNRESERVED}"),
            canonical_query(signed.query),
            hashlib.sha256(signed.body).hexdigest(),
            signed.timestamp,
            signed.nonce,
            signed.token,
        ]
    )


def canonical_query(query: str) -> str:
    """Return a query string with its pairs encoded anew and sorted, by name and then by value.

    ``+`` is a space, as in forms; it and all but unreserved characters are written as ``%XX``. A name alone has the
    empty value.
    """
    sent = (pair.partition("=") for pair in query.split("&") if pair)
    pairs = sorted((_anew(name), _anew(value)) for name, _, value in sent)
    return "&".join(f"{name}={value}" for name, value in pairs)


def _anew(text: str) -> str:
    return quote(unquote_to_bytes(text.replace("+", " ")), safe=UNRESERVED)


def sign(signed: Signed, secret: str) -> str:
    """Return the signature, in hex."""
    return hmac.new(secret.encode(), canonical_request(signed).encode(), hashlib.sha256).hexdigest()


def sign_v1(parameters: Mapping[str, str], *, token: str, timestamp: str, nonce: str, secret: str) -> str:
    """Return the original's signature. ``parameters``: those of the form if it has any, else of the query."""
    pairs = sorted(f"{name}={value}" for name, value in parameters.items() if name not in NOT_SIGNED_IN_V1)
    text = "&".join(pairs) + token + timestamp + nonce + secret
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def is_one_of(given: str, expected: Iterable[str]) -> bool:
    """Whether a signature is one of those that the valid secrets make; takes as long for a wrong one."""
    return sum(hmac.compare_digest(given.encode(), one.encode()) for one in expected) > 0
