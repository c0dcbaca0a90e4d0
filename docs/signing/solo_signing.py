"""Signs requests to Solo, as docs/signing.md says. Python 3.11 or newer, nothing else.

    python3 solo_signing.py vectors vectors.json
    python3 solo_signing.py METHOD URL [JSON]

The second needs CLIENT_APP_KEY, CLIENT_APP_SECRET and, where there is a login, CLIENT_TOKEN in the environment.
"""

import base64
import hashlib
import hmac
import http.client
import json
import os
import re
import secrets
import sys
import time
from contextlib import closing
from email.message import Message
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote_to_bytes, urlsplit

TO_SIGN_ANEW = {"CLOCK_SKEW", "NONCE_STORE_RENEWED"}


def canonical_request(method: str, path: str, query: str, body: bytes, timestamp: str, nonce: str, token: str) -> str:
    """Return the text that is signed. Path and query are given as they are sent."""
    lines = ["SOLO2-HMAC-SHA256", method.upper(), encode(path, "-._~/"), canonical_query(query)]
    return "\n".join([*lines, hashlib.sha256(body).hexdigest(), timestamp, nonce, token])


def canonical_query(query: str) -> str:
    """Return the query with its pairs encoded anew and sorted, by name and then by value."""
    sent = (pair.replace("+", " ").partition("=") for pair in query.split("&") if pair)
    pairs = sorted((encode(name, "-._~"), encode(value, "-._~")) for name, _, value in sent)
    return "&".join(f"{name}={value}" for name, value in pairs)


def encode(text: str, kept: str) -> str:
    """Return the bytes that a text stands for, with %XX for all but letters, digits and those kept."""
    return quote(unquote_to_bytes(text), safe=kept)


def sign(canonical: str, secret: str) -> str:
    """Return what goes into X-Sign."""
    return hmac.new(secret.encode(), canonical.encode(), hashlib.sha256).hexdigest()


def make_nonce() -> str:
    """Return 32 characters that nobody can foresee."""
    return secrets.token_hex(16)


class Answer(NamedTuple):
    """``code`` is the HTTP status, ``status`` the word for programs in the body."""

    code: int
    status: str
    body: str
    headers: Message


class SoloClient:
    """Sends signed requests; ``address`` is such as https://api.example.com."""

    def __init__(self, address: str, app_key: str, secret: str, token: str = "") -> None:
        self.address, self.app_key, self.secret, self.token = address, app_key, secret, token
        self.offset = 0.0  # seconds that the server's clock is ahead of ours

    def request(self, method: str, path: str, query: str = "", json: str = "", idempotency_key: str = "") -> Answer:
        """Send a request, and once more, signed anew, where the server says that this helps."""
        key = idempotency_key or ("" if method.upper() in ("GET", "HEAD") else make_nonce())
        answer = self._send(method.upper(), path, query, json, key)
        if answer.status not in TO_SIGN_ANEW and answer.code != 503:
            return answer
        if answer.status in TO_SIGN_ANEW:
            self.offset = int(answer.headers["X-Server-Time"]) - time.time()
        if answer.status != "CLOCK_SKEW":
            time.sleep(int(answer.headers.get("Retry-After", "1")) + 0.1)  # timers may be early
        return self._send(method.upper(), path, query, json, key)

    def _send(self, method: str, path: str, query: str, json: str, key: str) -> Answer:
        body, timestamp, nonce = json.encode(), str(int(time.time() + self.offset)), make_nonce()
        signature = sign(canonical_request(method, path, query, body, timestamp, nonce, self.token), self.secret)
        headers = {"X-App-Key": self.app_key, "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Sign": signature}
        headers |= {"token": self.token, "Idempotency-Key": key, "Content-Type": json and "application/json"}
        scheme, _, server = self.address.partition("://")
        kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
        with closing(kind(server, timeout=10)) as connection:  # follows no redirect
            sent = {name: value for name, value in headers.items() if value}
            connection.request(method, f"{path}?{query}" if query else path, body, sent)
            response = connection.getresponse()
            text = response.read().decode()
        return Answer(response.status, (re.findall(r'"status": *"(\w+)"', text) or [""])[0], text, response.headers)


def check_vectors(file: str) -> str:
    vectors = json.loads(Path(file).read_text("utf-8"))["version_2"]
    for v in vectors:
        body = v["body"].encode() if "body" in v else base64.b64decode(v["body_base64"])
        made = canonical_request(v["method"], v["path"], v["query"], body, v["timestamp"], v["nonce"], v["token"])
        if made != v["canonical_request"] or sign(made, v["secret"]) != v["signature"]:
            raise SystemExit(f"differs: {v['name']}\n{made}")
    return f"{len(vectors)} vectors hold"


def send_request(method: str, url: str, json: str = "") -> str:
    target, environment = urlsplit(url), os.environ
    keys = environment["CLIENT_APP_KEY"], environment["CLIENT_APP_SECRET"], environment.get("CLIENT_TOKEN", "")
    client = SoloClient(f"{target.scheme}://{target.netloc}", *keys)
    client.offset = float(environment.get("CLIENT_CLOCK_OFFSET", "0"))  # for tests: as if the clock were wrong
    answer = client.request(method, target.path or "/", target.query, json)
    return f"{answer.code} {answer.status}\n{answer.body}"


if __name__ == "__main__":
    command = check_vectors if sys.argv[1] == "vectors" else send_request
    sys.stdout.write(command(*sys.argv[1 + (command is check_vectors) :]) + "\n")
