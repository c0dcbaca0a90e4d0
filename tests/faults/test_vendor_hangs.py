"""A vendor hangs: it holds some of a process's threads, and the others go on serving."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from flask_api.settings import Settings
from tests.clients import BASE
from tests.conftest import NO_LIMITS
from tests.factories import Factory, at_once
from tests.metrics.telling import read, value
from tests.services.solo_server import SoloServer
from tests.services.upstream import Upstream
from tests.sms.vendors import TWILIO

HANGS = 8.0  # seconds: SOLO_OUTSIDE_TIMEOUT
QUICK = 3.0  # well below, on a machine that does other things too
CALLERS = 20
HELD = 2  # of six threads, by one service
PASSWORD = "correct horse"
Answer = tuple[int, str, float]  # HTTP status, word, seconds


@pytest.fixture
def vendor() -> Iterator[Upstream]:
    with Upstream(TWILIO.answer, behaviour="hang") as running:
        yield running


@pytest.fixture
def server(settings: Settings, vendor: Upstream, tmp_path: Path) -> Iterator[SoloServer]:
    """One process with six threads, which shares database and Redis with the test's own app."""
    places = {"database_url": settings.database_url, "redis_url": settings.redis_url}
    own = {"workers": 1, "outside_timeout": HANGS, "twilio_endpoint": vendor.url, "sms_code_interval": 60}
    told = {**NO_LIMITS, **TWILIO.settings, **places, **own}
    environment = {f"SOLO_{name.upper()}": str(value) for name, value in told.items()}
    with SoloServer(tmp_path / "host" / "var", **environment) as running:
        yield running


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()


def call(server: SoloServer, method: str, path: str, **options: Any) -> Answer:
    began = time.monotonic()
    answer = requests.request(method, server.address + BASE + path, timeout=30, **options)
    if answer.status_code == 503:
        assert answer.headers["Retry-After"] == "1"
    return answer.status_code, answer.json()["status"], time.monotonic() - began


def ask_for_code(server: SoloServer, phone: str) -> Answer:
    return call(server, "POST", "/auth/sms-codes", json={"phone": phone})


def counted(server: SoloServer, outcome: str) -> int:
    samples = read(requests.get(f"{server.address}/metrics", timeout=30).text)
    return int(value(samples, "solo_outside_calls_total", service="sms", outcome=outcome))


@pytest.mark.long
def test_others_are_served_while_a_vendor_hangs_and_who_was_refused_may_ask_again(
    make: Factory, server: SoloServer, vendor: Upstream
) -> None:
    login = {"phone": make.phone(), "password": PASSWORD}
    user = make.user(**login)
    phones = [make.phone() for _ in range(CALLERS)]
    with ThreadPoolExecutor(CALLERS) as callers:
        asked = {phone: callers.submit(ask_for_code, server, phone) for phone in phones}
        quick = answered(asked)
        assert len(quick) == CALLERS - HELD
        for _ in range(3):
            for method, path, options in (
                ("GET", "/health/live", {}),
                ("GET", "/users/me", {"headers": {"token": user.token}}),
                ("POST", "/auth/password-login", {"json": login}),
            ):
                status, word, seconds = call(server, method, path, **options)
                assert (status, word) == (200, "SUCCESS")
                assert seconds < QUICK, path
        assert answered(asked) == quick, "the vendor hangs all this time"
    for phone, answer in asked.items():
        status, word, seconds = answer.result()
        assert (status, word) == (503, "SMS_ERROR")
        assert seconds < QUICK if phone in quick else seconds > HANGS - 1
    assert len(vendor.requests) == HELD, "nothing of what was refused has reached the vendor"
    deadline = time.monotonic() + 5  # the metrics are told a moment later
    while counted(server, "busy") != CALLERS - HELD:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert counted(server, "timeout") == HELD

    vendor.behaviour = "answer"
    for phone in phones:
        expected = (201, "SUCCESS") if phone in quick else (429, "CODE_SENT_TOO_OFTEN")
        assert ask_for_code(server, phone)[:2] == expected


def test_requests_that_come_at_once_all_have_their_codes_from_a_vendor_that_is_well(
    make: Factory, server: SoloServer, vendor: Upstream
) -> None:
    vendor.seconds = 0.2
    vendor.behaviour = "slow"
    phones = [make.phone() for _ in range(HELD + 2)]
    assert ask_for_code(server, make.phone())[:2] == (201, "SUCCESS"), "what is loaded once is loaded"
    answers = at_once([lambda phone=phone: ask_for_code(server, phone) for phone in phones])
    assert [answer[:2] for answer in answers] == [(201, "SUCCESS")] * (HELD + 2)
    assert counted(server, "busy") == 0


def answered(asked: dict[str, Future[Answer]]) -> list[str]:
    """Return the phones for which an answer has come, once those are there that do not wait for the vendor."""
    deadline = time.monotonic() + QUICK
    while True:
        phones = [phone for phone, answer in asked.items() if answer.done()]
        if len(phones) >= CALLERS - HELD or time.monotonic() > deadline:
            return phones
        time.sleep(0.02)
