"""What is counted stays counted, in one process and over several, whoever of them dies."""

import multiprocessing
import os
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkProcess
from pathlib import Path

import pytest

from flask_api.core import metrics
from tests.metrics.telling import told, value

FORKING = multiprocessing.get_context("fork")
Start = Callable[[int], ForkProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start a process that counts so many requests and then stays; it has counted when this returns."""
    running: list[ForkProcess] = []

    def count(times: int) -> None:
        with metrics.kept_in(tmp_path):
            metrics.watch(lambda: {"solo_threads": 6})
            for _ in range(times):
                metrics.count_request("GET", "/x", 200, 0.002)
            metrics.job_done("tidy", "done", 0.3)
            time.sleep(60)

    def begin(times: int) -> ForkProcess:
        before = value(told(tmp_path), "solo_requests_total")
        process = FORKING.Process(target=count, args=(times,), daemon=True)
        running.append(process)
        process.start()
        deadline = time.monotonic() + 20
        while value(told(tmp_path), "solo_requests_total") != before + times:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return process

    yield begin
    for process in running:
        process.kill()
        process.join()


def test_processes_add_up_and_what_they_counted_outlives_them(start: Start, tmp_path: Path) -> None:
    one, _ = start(3), start(4)
    samples = told(tmp_path)
    assert value(samples, "solo_requests_total", method="GET", endpoint="/x", code="200") == 7
    assert value(samples, "solo_jobs_total", job="tidy", outcome="done") == 2
    assert value(samples, "solo_threads") == 12
    one.kill()
    one.join()
    samples = told(tmp_path)
    assert value(samples, "solo_requests_total") == 7
    assert value(samples, "solo_threads") == 6  # a dead one has none
    start(5)
    samples = told(tmp_path)
    assert (value(samples, "solo_requests_total"), value(samples, "solo_threads")) == (12, 12)
    assert len(list((tmp_path / "metrics").glob("*.json"))) == 2  # the successor went on with the dead one's file


def test_time_falls_into_buckets_and_adds_up(tmp_path: Path) -> None:
    with metrics.kept_in(tmp_path):
        for seconds in (0.001, 0.002, 0.3, 9):
            metrics.count_request("GET", "/x", 200, seconds)
        samples = told(tmp_path)
    found = {
        bound: value(samples, "solo_request_seconds_bucket", le=bound) for bound in ("0.001", "0.0025", "0.5", "+Inf")
    }
    assert found == {"0.001": 1, "0.0025": 2, "0.5": 3, "+Inf": 4}
    assert value(samples, "solo_request_seconds_count") == 4
    assert value(samples, "solo_request_seconds_sum") == pytest.approx(9.303)


def test_nothing_is_counted_nor_gathered_where_nobody_keeps_it(tmp_path: Path) -> None:
    metrics.count_request("GET", "/x", 200, 0.001)
    with metrics.kept_in(tmp_path):
        assert value(told(tmp_path), "solo_requests_total") == 0
    assert not [one for one in threading.enumerate() if one.name == "metrics"]


def test_process_forked_inside_counts_in_a_file_of_its_own(tmp_path: Path) -> None:
    def child() -> None:
        metrics.count_request("GET", "/forked", 200, 0.001)  # nobody keeps this
        with metrics.kept_in(tmp_path):
            metrics.count_request("GET", "/child", 200, 0.001)
        os._exit(0)

    with metrics.kept_in(tmp_path):
        metrics.count_request("GET", "/parent", 200, 0.001)
        forked = FORKING.Process(target=child)
        forked.start()
        forked.join(20)
        samples = told(tmp_path)
    counted = {path: value(samples, "solo_requests_total", endpoint=path) for path in ("/parent", "/child", "/forked")}
    assert counted == {"/parent": 1, "/child": 1, "/forked": 0}


def test_threads_lose_no_count(tmp_path: Path) -> None:
    def count() -> None:
        for _ in range(5000):
            metrics.count_request("GET", "/x", 200, 0.001)

    with metrics.kept_in(tmp_path):
        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            told(tmp_path)
        assert value(told(tmp_path), "solo_requests_total") == 20_000
    assert value(told(tmp_path), "solo_requests_total") == 20_000


def test_method_that_nobody_has_heard_of_is_no_label(tmp_path: Path) -> None:
    with metrics.kept_in(tmp_path):
        for number in range(50):
            metrics.count_request(f"BREW{number}", "/x", 405, 0.001)
        samples = told(tmp_path)
    assert value(samples, "solo_requests_total", method="other", code="405") == 50


def test_file_that_nobody_can_read_or_of_another_release_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    folder.mkdir()
    (folder / "0.json").write_text("{half of")
    (folder / "1.json").write_text('[[[["solo_request_seconds"], [1, 2]], [["solo_future"], [1]]], {}]')
    with metrics.kept_in(tmp_path):
        metrics.count_request("GET", "/x", 200, 0.001)
        samples = told(tmp_path)
    assert (value(samples, "solo_requests_total"), value(samples, "solo_request_seconds_count")) == (1, 1)


def test_folder_that_cannot_be_written_costs_the_metrics_and_nothing_else(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "metrics").write_text("a file")
    with metrics.kept_in(tmp_path):
        metrics.count_request("GET", "/x", 200, 0.001)
        assert value(told(tmp_path), "solo_requests_total") == 0
    assert "metrics are not kept" in caplog.text


def test_file_that_cannot_be_written_for_a_while_loses_nothing_and_is_told_of_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with metrics.kept_in(tmp_path):
        obstacle = tmp_path / "metrics" / "0.new"
        obstacle.mkdir()
        for _ in range(3):
            metrics.count_request("GET", "/x", 200, 0.001)
            metrics.flush()
        assert value(told(tmp_path), "solo_requests_total") == 0
        obstacle.rmdir()
        assert value(told(tmp_path), "solo_requests_total") == 3
    assert caplog.text.count("metrics cannot be written") == 1
