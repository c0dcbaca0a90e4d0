"""Vendors that refuse, hang, answer nonsense or too much: 503 in time, no code is kept, and the next try works.

What may arrive all the same counts against the limits; what surely does not counts nowhere.
"""

import logging
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from threading import Thread

import pytest
from flask import Flask

from flask_api.providers.sms import SMSError, make_sms_provider
from flask_api.settings import Settings
from tests.clients import Client, data, failure
from tests.services.upstream import Behaviour, Upstream
from tests.sms.conftest import TIMEOUT
from tests.sms.vendors import Vendor

PHONE = "+8613800138000"
SLACK = 3.0  # the machine does other things too
ERROR = (503, "SMS_ERROR")


def ask(app: Flask, phone: str = PHONE) -> tuple[int, str]:
    return failure(Client(app).post("/auth/sms-codes", json={"phone": phone}))


def next_day(app: Flask) -> None:
    """No code is kept; the failure counts against all limits, which are over by the next day."""
    redis = app.extensions["redis"]
    kept = redis.keys("*sms*")
    assert len(kept) == 4, kept
    assert {redis.type(key) for key in kept} <= {"string", b"string"}, "a code would be a hash"
    assert ask(app) == (429, "CODE_SENT_TOO_OFTEN")
    redis.delete(*kept)


def comes_through(app: Flask, upstream: Upstream, vendor: Vendor) -> None:
    """Nothing is left of the failures before: the same phone gets a code at once, which logs in."""
    assert app.extensions["redis"].keys("*sms*") == []
    upstream.answer = vendor.answer
    upstream.behaviour = "answer"
    assert ask(app) == (201, "SUCCESS")
    phone, code = vendor.read(upstream.requests[-1])
    assert phone == PHONE
    assert data(Client(app).post("/auth/sms-login", json={"phone": phone, "code": code}))["registered"]


def test_code_that_arrives_logs_in_and_the_answer_does_not_have_it(
    sending: Flask, upstream: Upstream, vendor: Vendor
) -> None:
    answer = data(Client(sending).post("/auth/sms-codes", json={"phone": PHONE}))
    assert answer == {"expires_in": 300, "next_in": 60, "code": None}
    phone, code = vendor.read(upstream.requests[0])
    assert phone == PHONE
    assert Client(sending).post("/auth/sms-login", json={"phone": PHONE, "code": code}).status_code == 200
    assert len(upstream.requests) == 1


def test_vendor_that_takes_its_time_is_given_up_in_time(sending: Flask, upstream: Upstream, vendor: Vendor) -> None:
    upstream.seconds = TIMEOUT / 5
    upstream.behaviour = "hang" if vendor.name == "twilio" else "drip"  # what carries them is one
    began = time.monotonic()
    assert ask(sending) == ERROR
    assert time.monotonic() - began < TIMEOUT + SLACK
    next_day(sending)
    comes_through(sending, upstream, vendor)


def test_vendor_that_does_not_speak_is_an_error_at_once(sending: Flask, upstream: Upstream, vendor: Vendor) -> None:
    behaviours: list[Behaviour] = ["refuse", "garbage", "leave"]
    for behaviour, connections in zip(behaviours, (0, 1, 2), strict=True):
        upstream.behaviour = behaviour
        began = time.monotonic()
        assert ask(sending) == ERROR
        assert time.monotonic() - began < TIMEOUT
        assert upstream.connections == connections, "what may have reached them is not sent again"
        if connections:
            next_day(sending)
    comes_through(sending, upstream, vendor)


ANSWERS = {
    "500": (500, b'{"Code": "OK"}'),
    "empty": (200, b""),
    "HTML": (200, b"<html>Welcome to this hotel's network"),
    "not UTF-8": (200, b"\xff\xfe{}"),
    "a list": (201, b"[]"),
    "nothing in it": (201, b"{}"),
    "deep": (201, b"[" * 30_000),
    "huge": (201, b'{"Code": "OK", "sid": "' + b"x" * 200_000 + b'"}'),
    "sent elsewhere": (302, b""),
    "wrong kinds": (201, b'{"Code": {"a": 1}, "sid": null, "date_sent": 7}'),
}


def test_answers_that_are_none_are_errors(sending: Flask, upstream: Upstream, vendor: Vendor) -> None:
    for number, (kind, (status, body)) in enumerate(ANSWERS.items(), 1):
        headers = {"Content-Type": "application/json", "Location": "/elsewhere"}
        upstream.answer = lambda _, reply=(status, headers, body): reply  # type: ignore[misc]
        assert ask(sending) == ERROR, kind
        assert len(upstream.requests) == number, kind
        next_day(sending)
    comes_through(sending, upstream, vendor)


def test_refusals_are_errors_whose_code_is_in_the_log_alone(
    sending: Flask, upstream: Upstream, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    for number, (code, refusal) in enumerate(vendor.refusals.items(), 1):
        upstream.answer = refusal
        answer = Client(sending).post("/auth/sms-codes", json={"phone": PHONE})
        assert failure(answer) == ERROR
        assert code not in answer.get_data(as_text=True)
        assert f"the SMS vendor refused: {code}" in caplog.text
        assert len(upstream.requests) == number
    comes_through(sending, upstream, vendor)


def test_no_line_of_the_log_has_a_phone_or_a_code(
    sending: Flask, upstream: Upstream, vendor: Vendor, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    ask(sending)
    for number, answer in enumerate((*vendor.refusals.values(), lambda _: (500, {}, b""), lambda _: (200, {}, b"")), 1):
        upstream.answer = answer
        assert ask(sending, f"+86138001380{number:02}") == ERROR
    written = "\n".join(f"{record.getMessage()} {record.exc_text or ''}" for record in caplog.records)
    assert "the SMS vendor" in written
    for request in upstream.requests:
        phone, code = vendor.read(request)
        assert phone[3:] not in written
        assert code not in written


@pytest.fixture
def hung_up_on() -> Iterator[tuple[str, list[object]]]:
    """An address where every connection is closed before TLS comes about, and the connections that came."""
    came: list[object] = []

    def hang_up() -> None:
        with suppress(OSError):
            while True:
                connection, peer = listener.accept()
                came.append(peer)
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=hang_up, daemon=True)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}", came
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def test_what_cannot_have_reached_them_is_tried_twice(
    vendor: Vendor, hung_up_on: tuple[str, list[object]], settings: Settings
) -> None:
    address, came = hung_up_on
    told = {**vendor.settings, f"{vendor.name}_endpoint": address, "outside_timeout": 10}
    with pytest.raises(SMSError):
        make_sms_provider(settings.model_copy(update=told)).send_code(PHONE, "012345", 5)
    assert len(came) == 2
