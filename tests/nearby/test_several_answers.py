"""Finding a home from several answers: they all err in the same way, so together they tell hardly more than one."""

import random
from cmath import rect
from collections.abc import Iterator, Sequence
from math import pi
from statistics import median

import pytest

from flask_api.nearby.fuzz import LEAST, MOST, STAYS, displaced
from flask_api.nearby.sphere import Point, beyond, direction, distance

HOMES = 120
AROUND = 0.5  # km: how far the other places are from home
OFF = 0.36  # km: how far a place is from the point of the lattice that it is taken for
STEP = 0.1
CITIES = (Point(31.2304, 121.4737), Point(52.52, 13.405), Point(-16.5, 179.9), Point(1.29, 103.85), Point(69.65, 18.96))


pytestmark = pytest.mark.usefixtures("blur")


def homes() -> Iterator[tuple[int, Point, random.Random]]:
    dice = random.Random(11)
    for number in range(HOMES):
        yield number + 1, beyond(CITIES[number % len(CITIES)], dice.uniform(0, 6.28), dice.uniform(0, 30)), dice


def from_home(home: Point, point: Point) -> complex:
    return rect(distance(home, point), direction(home, point))


def groups(told: Sequence[tuple[complex, complex]], off: float) -> list[list[complex]]:
    """Return the answers that err in the same way together: more than an attacker knows. Told are place and answer."""
    found: list[tuple[complex, list[complex]]] = []
    for place, answer in told:
        error = answer - place
        alike = next((answers for other, answers in found if abs(other - error) <= 2 * off), None)
        if alike is None:
            found.append((error, [answer]))
        else:
            alike.append(answer)
    return [answers for _, answers in found]


def guessed(told: Sequence[tuple[complex, complex]], off: float) -> complex:
    """Return where somebody expects the home who knows all lengths, and how far ``off`` it the answers may be meant."""
    alike = groups(told, off)
    middles = [sum(answers) / len(answers) for answers in alike]
    spread = [off / len(answers) ** 0.5 for answers in alike]
    total, weights = 0j, 0.0
    for north in range(-40, 41):
        for east in range(-40, 41):
            there, weight = STEP * complex(north, east), 1.0
            for middle, blur in zip(middles, spread, strict=True):
                apart = abs(middle - there)
                beside = max(LEAST - apart, apart - MOST, 0) / blur
                weight *= 2 ** -(beside * beside) / max(apart, 0.1) if beside < 4 else 0
                if not weight:
                    break
            total += weight * there
            weights += weight
    return total / weights if weights else sum(middles) / len(middles)


@pytest.mark.parametrize("many", [1, 2, 4, 8])
def test_answers_of_many_places_around_a_home_do_not_find_it(many: int) -> None:
    means, guesses = [], []
    for user_id, home, dice in homes():
        places = [home, *(beyond(home, dice.uniform(0, 2 * pi), dice.uniform(0, AROUND)) for _ in range(many - 1))]
        told = [(from_home(home, place), from_home(home, displaced(user_id, place))) for place in places]
        means.append(abs(sum(answer for _, answer in told) / many))
        guesses.append(abs(guessed(told, OFF)))
    assert median(means) > 1.5
    assert sum(error < 1 for error in means) <= HOMES * 0.1
    assert median(guesses) > 1.5
    assert sum(error < 1 for error in guesses) <= HOMES * 0.15


def test_coming_home_from_all_sides_shows_how_the_home_is_displaced_and_nothing_else() -> None:
    several, guesses = 0, []
    for user_id, home, _ in homes():
        told = []
        for side in range(8):
            said = None
            for step in range(20, -1, -1):
                said = displaced(user_id, beyond(home, side * pi / 4, 0.15 * step), said)
            assert said is not None
            told.append((0j, from_home(home, said)))
            assert abs(told[-1][1]) >= 1
        several += len(groups(told, STAYS)) > 1
        guesses.append(abs(guessed(told, STAYS)))
    assert several <= HOMES * 0.12
    assert median(guesses) > 1.5
    assert sum(error < 1 for error in guesses) <= HOMES * 0.05
