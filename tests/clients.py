"""A client as a frontend would write one."""

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

BASE = "/api/v1"
FAILURE_KEYS = {"code", "status", "message", "request_id"}


class Client:
    """Calls the API, with a token if it has one; paths start below ``/api/v1``."""

    def __init__(self, app: Flask, token: str | None = None, user_id: int | None = None) -> None:
        self.app = app
        self.token = token
        self.user_id = user_id

    def call(self, method: str, path: str, **kwargs: Any) -> TestResponse:
        """Send a request and return the answer, whose shape is checked."""
        headers = {"token": self.token, **kwargs.pop("headers", {})} if self.token else kwargs.pop("headers", {})
        response = self.app.test_client().open(BASE + path, method=method, headers=headers, **kwargs)
        check_shape(response)
        return response

    def get(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("GET", path, **kwargs)

    def post(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("POST", path, **kwargs)

    def put(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("PUT", path, **kwargs)

    def patch(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("PATCH", path, **kwargs)

    def delete(self, path: str, **kwargs: Any) -> TestResponse:
        return self.call("DELETE", path, **kwargs)

    def log_in(self, phone: str) -> "Client":
        """Log in by SMS code, as a newcomer does on the page, and return the client that is logged in."""
        code = data(self.post("/auth/sms-codes", json={"phone": phone}))["code"]
        login = data(self.post("/auth/sms-login", json={"phone": phone, "code": code}))
        return Client(self.app, login["token"], login["user_id"])

    def prove(self, **told: str) -> dict[str, str]:
        """Prove that the account is mine, by what is told or else by a code sent to my phone; return the header."""
        if not told:
            phone = data(self.get("/auth/account"))["phone"]
            told = {"code": data(self.post("/auth/sms-codes", json={"phone": phone, "purpose": "proof"}))["code"]}
        return {"Proof": data(self.post("/auth/proofs", json=told))["proof"]}


def check_shape(response: TestResponse) -> None:
    """Every answer of the API has one of two shapes."""
    body = response.get_json()
    assert response.headers["X-Request-ID"]
    assert body["code"] == response.status_code
    if response.status_code < 400:
        assert body.keys() == {"code", "status", "message", "data"}
        assert body["status"] == "SUCCESS"
    else:
        assert FAILURE_KEYS <= body.keys() <= FAILURE_KEYS | {"field", "errors"}
        assert body["request_id"] == response.headers["X-Request-ID"]


def data(response: TestResponse) -> Any:
    """Return what a success carries."""
    body = response.get_json()
    assert body["status"] == "SUCCESS", body
    return body["data"]


def failure(response: TestResponse) -> tuple[int, str]:
    """Return HTTP status and word of a failure."""
    body = response.get_json()
    return response.status_code, body["status"]
