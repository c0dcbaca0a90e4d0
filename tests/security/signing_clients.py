"""Clients that sign what they send."""

import json
import secrets
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from werkzeug.test import TestResponse

from flask_api.app_keys import services
from flask_api.core.signatures import Signed, sign, sign_v1
from tests.clients import BASE, Client


class SigningClient(Client):
    """Signs each request by version 2; ``parts`` of a call replace parts of the signature after it was made."""

    def __init__(self, app: Flask, appkey: str, secret: str, token: str | None = None) -> None:
        super().__init__(app, token)
        self.appkey, self.secret = appkey, secret

    def headers(self, method: str, path: str, *, query: str = "", body: bytes = b"", late: float = 0) -> dict[str, str]:
        """Return the headers of a request that is signed ``late`` seconds from now."""
        timestamp, nonce = str(int(time.time() + late)), secrets.token_hex(16)
        signed = Signed(method, (BASE + path).encode(), query, body, timestamp, nonce, self.token or "")
        signature = sign(signed, self.secret)
        return {"X-App-Key": self.appkey, "X-Timestamp": timestamp, "X-Nonce": nonce, "X-Sign": signature}

    def send(self, method: str, path: str, body: Any = None, *, late: float = 0, **changed: str) -> TestResponse:
        """Sign and send; ``changed`` headers are put in the place of the signed ones."""
        text = b"" if body is None else json.dumps(body).encode()
        headers = {**self.headers(method, path, body=text, late=late), **changed}
        return self.call(method, path, data=text, headers=headers, content_type="application/json" if text else None)


def make_signing_client(app: Flask, token: str | None = None, **columns: Any) -> SigningClient:
    """Return the client of a new app key."""
    with app.app_context():
        issued = services.create_app_key("Tests", **columns)
        return SigningClient(app, issued.app_key.appkey, issued.secret, token)


def version_1(client: SigningClient, parameters: Mapping[str, str], **changed: str) -> dict[str, str]:
    """Return the parameters of a request, signed by version 1."""
    timestamp, nonce = str(int(time.time())), secrets.token_hex(4)
    signature = sign_v1(parameters, token=client.token or "", timestamp=timestamp, nonce=nonce, secret=client.secret)
    signed = {**parameters, "appkey": client.appkey, "timestamp": timestamp, "nonce": nonce, "sign": signature}
    return {**signed, **({"token": client.token} if client.token else {}), **changed}


def post_form(client: Client, path: str, parameters: Mapping[str, str], query: str = "") -> TestResponse:
    """Send parameters as a form, as the original's clients do."""
    form = "application/x-www-form-urlencoded"
    return client.post(path + query, data=urlencode(parameters), content_type=form)
