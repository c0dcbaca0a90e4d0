"""How long a call may go on, which may take longer the more it moves."""

import pytest

from flask_api.providers.outside_deadline import Deadline
from tests.services.clock import Clock

SLOWEST = 1000  # bytes a second
TIMEOUT = 5.0


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def deadline(clock: Clock) -> Deadline:
    return Deadline(TIMEOUT, SLOWEST, clock)


def test_call_that_moves_little_ends_when_its_time_is_over(clock: Clock) -> None:
    deadline = Deadline(TIMEOUT, None, clock)
    clock.seconds += 4
    deadline.note_sent(10**6)
    deadline.note_received(10**6)
    assert deadline.seconds_left() == 1


def test_sending_that_goes_on_fast_enough_goes_on(clock: Clock, deadline: Deadline) -> None:
    for _ in range(100):
        clock.seconds += 1
        deadline.note_sent(SLOWEST)
        assert deadline.seconds_left() == TIMEOUT


def test_sending_that_is_too_slow_ends(clock: Clock, deadline: Deadline) -> None:
    for _ in range(8):
        clock.seconds += 1
        deadline.note_sent(SLOWEST // 2)
    assert deadline.seconds_left() == TIMEOUT + 8 / 2 - 8


def test_what_was_sent_at_once_buys_no_time_for_the_answer(clock: Clock, deadline: Deadline) -> None:
    clock.seconds += 1
    deadline.note_sent(100 * SLOWEST)
    assert deadline.seconds_left() == TIMEOUT
    for received in range(10):
        clock.seconds += 0.4
        deadline.note_received(received)
    assert deadline.seconds_left() == pytest.approx(1, abs=0.1)


def test_answer_that_comes_fast_enough_goes_on_after_a_long_sending(clock: Clock, deadline: Deadline) -> None:
    clock.seconds += 50
    deadline.note_sent(100 * SLOWEST)
    for seconds in range(1, 100):
        clock.seconds += 1
        deadline.note_received(seconds * SLOWEST)
        assert deadline.seconds_left() == TIMEOUT


def test_whoever_moves_nothing_any_more_is_too_slow_whatever_was_moved(clock: Clock, deadline: Deadline) -> None:
    deadline.note_received(100 * SLOWEST)
    clock.seconds += TIMEOUT
    assert deadline.seconds_left() == 0
