"""Log lines: JSON, one a request, no secrets, nothing that a caller can break out with."""

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from flask_api.core.logs import configure_logging, masked
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.settings import ROOT
from tests.clients import BASE, Client, data
from tests.factories import Factory

PASSWORD, NEW_PASSWORD, WRONG = "c4n4ry-password", "c4n4ry-new-one", "c4n4ry-wrong"
PHONE = "13877766655"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """The log file of logging.ini; afterwards logging is as it was."""
    loggers = [logging.getLogger(name) for name in (None, "flask_api.records", "tornado")]
    before = [(logger, logger.handlers[:], logger.level, logger.propagate) for logger in loggers]
    configure_logging(ROOT / "logging.ini", tmp_path / "logs")
    yield tmp_path / "logs" / "solo.log"
    for logger, handlers, level, propagate in before:
        for handler in set(logger.handlers) - set(handlers):
            handler.close()
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


def lines(log: Path) -> list[dict[str, Any]]:
    """The log's lines; whatever any reader could take for a line's end is one."""
    return [json.loads(line) for line in log.read_text().splitlines()]


def test_where_somebody_truly_is_is_not_logged(client: Client, log: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = {"latitude": 31.2345678, "longitude": 121.4765432}
    code = data(client.post("/auth/sms-codes", json={"phone": PHONE}))["code"]
    login = data(client.post("/auth/sms-login", json={"phone": PHONE, "code": code, "place": place}))
    client.post("/auth/sms-login", json={"phone": PHONE, "code": "000000", "place": place})
    client.post("/auth/sms-login", json={"phone": PHONE, "code": "000000", "place": {**place, "height": 1}})
    Client(client.app, login["token"]).put("/users/me/place", json=place)
    logging.getLogger("flask_api.records").info("told", extra={"request": masked({"place": place})})
    written = log.read_text() + "".join(capsys.readouterr())
    assert "sms-login" in written
    assert "31.234" not in written
    assert "121.476" not in written


def test_no_secret_of_a_whole_life_of_an_account_is_logged(
    app: Flask, log: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = Client(app)
    code = data(nobody.post("/auth/sms-codes", json={"phone": PHONE}))["code"]
    nobody.post("/auth/sms-login", json={"phone": PHONE, "code": "000000"})
    token = data(nobody.post("/auth/sms-login", json={"phone": PHONE, "code": code}))["token"]
    user = Client(app, token)
    user.put("/auth/password", json={"new_password": PASSWORD}, headers=user.prove())
    user.post("/auth/proofs", json={"password": WRONG})
    proof = user.prove(password=PASSWORD)
    user.put("/auth/password", json={"new_password": NEW_PASSWORD}, headers=proof)
    nobody.post("/auth/password-login", json={"phone": PHONE, "password": WRONG})
    second = data(nobody.post("/auth/password-login", json={"phone": PHONE, "password": NEW_PASSWORD}))["token"]
    third = data(nobody.post("/auth/basic-login", auth=(PHONE, NEW_PASSWORD)))["token"]
    reset = data(nobody.post("/auth/sms-codes", json={"phone": PHONE, "purpose": "password_reset"}))["code"]
    nobody.post("/auth/password-reset", json={"phone": PHONE, "code": reset, "new_password": PASSWORD})
    admin = Factory(app).admin()
    admin.post("/admin/users", json={"phone": "13877766600", "password": PASSWORD})
    bearer = app.test_client().post(f"{BASE}/auth/logout?token={second}", headers={"Authorization": f"Bearer {token}"})
    app.test_client().get(f"{BASE}/nothing?password={PASSWORD}", headers={"Cookie": f"token={token}"})
    assert bearer.status_code in (200, 401)
    logged = log.read_text() + "".join(capsys.readouterr())
    assert logged.count("flask_api.records") >= 10
    told = (code, reset, token, second, third, PHONE, "13877766600", proof["Proof"])
    for secret in (PASSWORD, NEW_PASSWORD, WRONG, *told):
        assert secret not in logged
        assert secret.rpartition(".")[2][:20] not in logged  # a token's random half


BODIES: dict[str, Any] = {
    "a number": {"phone": PHONE, "password": 70447044},
    "a list": {"phone": PHONE, "password": ["70447044"]},
    "an object": {"phone": PHONE, "password": {"value": "70447044"}},
    "another spelling": {"phone": PHONE, "Password": "70447044", "passWORD2": "70447044"},
    "a code as a number": {"phone": PHONE, "code": 70447044},
    "a code in an object": {"phone": PHONE, "code": {"code": 70447044}},
    "no object at all": "70447044",
    "a list at the top": ["70447044"],
    "broken JSON": b'{"password": "70447044"',
    "a long one": {"password": "70447044" * 2000},
    "a phone with spaces": {"phone": "+86 138-7704-4704", "password": "70447044"},
    "a phone in brackets": {"phone": "(+86)138 7704 4704", "password": "70447044"},
}


@pytest.mark.parametrize("name", BODIES)
def test_a_secret_sent_in_another_form_is_not_logged_either(name: str, client: Client, log: Path) -> None:
    body = BODIES[name]
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    for path in ("/auth/password-login", "/auth/sms-login"):
        assert client.post(path, data=raw, content_type="application/json").status_code in (400, 401)
    assert len(lines(log)) == 2
    assert re.search("7704.?4704|70447044", log.read_text()) is None


def test_a_failed_statement_is_logged_without_its_values(app: Flask, log: Path) -> None:
    app.testing = False
    canary = "c4n4ry"[::-1]  # a traceback shows this line

    @app.route("/write")
    @transactional
    def write() -> Any:
        insert = (
            "INSERT INTO user_info (user_id, nickname, visibility, bio, updated_at) VALUES (1, :name, 'x', :bio, 0)"
        )
        db.session.execute(text(insert), {"name": canary, "bio": PHONE})

    assert app.test_client().get("/write").status_code in (500, 503)
    logged = log.read_text()
    assert "/write" in logged or "away" in logged
    assert canary not in logged
    assert PHONE not in logged


FORGED = '{"level": "ERROR", "message": "forged"}'


def test_newlines_of_a_caller_make_no_log_lines(app: Flask, log: Path) -> None:
    user = Factory(app).admin()
    breaks = ["\n", "\r\n", "\r", "\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1e"]
    for line_break in breaks:
        # A bio may have lines; it is logged with the request.
        changed = user.patch(f"/admin/users/{user.user_id}", json={"bio": f"a{line_break}{FORGED}b"})
        assert changed.status_code == 200
        user.delete(f"/auth/sessions/1{line_break}{FORGED}")
        app.test_client().post(
            f"{BASE}/auth/logout", headers={"X-Request-ID": "a b", "token": "1.x", "User-Agent": "a\\n"}
        )
    assert len(lines(log)) >= 2 * len(breaks)  # each is JSON
    assert all(line["level"] == "INFO" for line in lines(log))
    logged = [line["request"]["bio"] for line in lines(log) if (line.get("request") or {}).get("bio")]
    assert logged == [f"a{line_break}{FORGED}b" for line_break in breaks]
    assert len(log.read_text().splitlines()) == log.read_text().count("\n")  # no other break, for any reader


def test_a_record_says_who_did_what_and_how_it_ended(app: Flask, log: Path) -> None:
    user = Factory(app).user()
    headers = {"X-Request-ID": "my-id.1", **user.prove()}
    response = user.put("/auth/password", json={"new_password": PASSWORD}, headers=headers)
    assert response.status_code == 200
    record = lines(log)[-1]
    assert record["request"] == {"new_password": "***"}
    expected = {"method": "PUT", "path": f"{BASE}/auth/password", "code": 200, "request_id": "my-id.1"}
    assert record.items() >= {**expected, "user_id": user.user_id, "logger": "flask_api.records"}.items()
    assert record["milliseconds"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])


def test_a_record_of_a_failure_names_it(client: Client, log: Path) -> None:
    client.post("/auth/sms-login", json={"phone": PHONE, "code": "123456"})
    assert lines(log)[-1].items() >= {"code": 401, "error": "CodeWrong"}.items()


@pytest.mark.parametrize("sent", ["a", "A.b_c-9", "x" * 64])
def test_a_harmless_request_id_is_kept(sent: str, client: Client) -> None:
    assert client.get("/health/live", headers={"X-Request-ID": sent}).headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 65, "a b", "a;b", "é", "<script>", "a\tb", "%0a"])
def test_any_other_request_id_is_replaced(sent: str, client: Client) -> None:
    response = client.get("/health/live", headers={"X-Request-ID": sent})
    assert re.fullmatch("[0-9a-f]{16}", response.headers["X-Request-ID"])


def test_every_request_has_an_id_of_its_own(client: Client) -> None:
    ids = {client.get("/health/live").headers["X-Request-ID"] for _ in range(20)}
    assert len(ids) == 20
