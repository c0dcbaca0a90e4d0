"""Every call to a service outside is counted, none is made in a transaction, and requests have only some under way."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

from flask_api.core import metrics
from flask_api.core.exposition import exposition
from flask_api.core.transaction import in_transaction, transactional
from flask_api.extensions import db
from flask_api.providers.outside import OutsideError, calling, fetch
from flask_api.providers.outside_calls import PATIENCE, Places, waiting
from tests.services.upstream import Upstream


def counted(folder: Path) -> dict[str, float]:
    """Return how often each outcome is told."""
    families = text_string_to_metric_families(exposition(folder, {}).decode())
    samples = [sample for family in families for sample in family.samples]
    told: Counter[str] = Counter()
    for one in samples:
        if one.name == "solo_outside_calls_total":
            told[one.labels["outcome"]] += one.value
    return dict(told)


def test_each_way_to_end_is_counted(tmp_path: Path) -> None:
    with Upstream() as upstream, metrics.kept_in(tmp_path):
        fetch("test", "GET", upstream.url)
        for behaviour in ("garbage", "refuse", "hang"):
            upstream.behaviour = behaviour
            with pytest.raises(OutsideError):
                fetch("test", "GET", upstream.url, timeout=0.2 if behaviour == "hang" else 10)
        with pytest.raises(KeyError), calling("test"):
            raise KeyError
        assert counted(tmp_path) == {"ok": 1, "garbage": 1, "refused": 1, "timeout": 1, "error": 1}


def test_no_call_is_made_inside_a_transaction(app: Flask) -> None:
    @transactional
    def careless() -> None:
        assert in_transaction()
        fetch("test", "GET", upstream.url)

    with Upstream() as upstream, app.app_context():
        with pytest.raises(RuntimeError, match="transaction"):
            careless()
        assert not in_transaction()
        db.session.execute(text("SELECT 1"))
        with pytest.raises(RuntimeError, match="transaction"):
            fetch("test", "GET", upstream.url)
        db.session.rollback()
        assert upstream.connections == 0
        assert fetch("test", "GET", upstream.url).status == 200


@pytest.mark.parametrize(
    ("threads", "for_one", "in_all"), [(1, 1, 1), (2, 1, 1), (3, 1, 1), (4, 1, 2), (6, 2, 3), (16, 7, 8)]
)
def test_services_outside_hold_half_of_the_threads_and_one_of_them_never_all_places(
    threads: int, for_one: int, in_all: int
) -> None:
    places = Places(threads, patience=0)
    assert sum(places.take("sms") for _ in range(threads)) == for_one
    assert sum(places.take("storage") for _ in range(threads)) == in_all - for_one
    assert not places.take("google")
    places.give_back("sms")
    assert places.take("google")


@pytest.mark.parametrize(("threads", "waits"), [(1, 0), (2, 0), (3, 1), (4, 1), (6, 2), (16, 7)])
def test_whoever_waits_leaves_one_thread_to_requests_that_need_no_service(threads: int, waits: int) -> None:
    places = Places(threads)
    assert sum(places.begin_to_wait() for _ in range(threads)) == waits
    if waits:
        places.end_waiting()
        assert places.begin_to_wait()


def test_place_that_becomes_free_goes_to_who_waits_for_it_and_other_services_stay_bounded() -> None:
    places = Places(6, patience=10)
    assert places.take("sms")
    assert places.take("sms")
    with ThreadPoolExecutor(2) as threads:
        waiting_for_it = [threads.submit(places.take, "sms") for _ in range(2)]
        deadline = time.monotonic() + 5
        while places.begin_to_wait():
            places.end_waiting()
            assert time.monotonic() < deadline
        began = time.monotonic()
        assert not places.take("sms"), "nobody else may wait"
        assert time.monotonic() - began < 5
        assert places.take("google")
        places.give_back("google")
        for one in waiting_for_it:
            assert not one.done()
            places.give_back("sms")
        assert [one.result(timeout=5) for one in waiting_for_it] == [True, True]


def test_who_waits_in_vain_is_refused_after_a_moment(app: Flask, tmp_path: Path) -> None:
    with metrics.kept_in(tmp_path), app.test_request_context(), calling("sms"), calling("sms"):
        began = time.monotonic()
        with pytest.raises(OutsideError), calling("sms"):
            pass
        assert PATIENCE <= time.monotonic() - began < PATIENCE + 3
        with waiting("google"), waiting("google"):
            began = time.monotonic()
            for refused in [*(waiting("google") for _ in range(9)), *(calling("sms") for _ in range(9))]:
                with pytest.raises(OutsideError) as caught, refused:
                    pass
                assert (caught.value.reason, caught.value.sent) == ("busy", False)
            assert time.monotonic() - began < 9 * PATIENCE
        assert counted(tmp_path)["busy"] == 19


def test_calls_of_requests_are_bounded_and_jobs_neither_are_nor_take_their_places(app: Flask, tmp_path: Path) -> None:
    with ExitStack() as calls, metrics.kept_in(tmp_path):
        calls.enter_context(app.app_context())
        for _ in range(20):
            calls.enter_context(calling("sms"))
        for _ in range(2):  # places are given back
            with app.test_request_context(), calling("sms"), calling("sms"):
                with pytest.raises(OutsideError) as caught, calling("sms"):
                    pass
                assert (caught.value.reason, caught.value.sent) == ("busy", False)
                with pytest.raises(ZeroDivisionError), calling("storage"):
                    raise ZeroDivisionError
                with calling("storage"):
                    pass
        assert counted(tmp_path) == {"ok": 6, "error": 2, "busy": 2}
