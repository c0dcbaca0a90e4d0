"""Who is old enough, to the day."""

from datetime import UTC, date, datetime, timedelta

import pytest

from tests.clients import data, failure
from tests.factories import Factory


def years_before(day: date, years: int) -> date:
    """The same day so many years ago; the 28th for a 29 February that there was not."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return date(day.year - years, 2, 28)


def today() -> date:
    return datetime.now(UTC).date()


@pytest.mark.parametrize(
    ("years", "days", "code"),
    [
        *[(18, 0, 200), (18, -1, 200), (18, 1, 400), (17, 0, 400), (0, 0, 400), (0, 1, 400), (-1, 0, 400)],
        *[(120, 0, 200), (121, 1, 200), (121, 0, 400), (150, 0, 400)],
    ],
    ids=str,
)
def test_from_18_today_to_120_years_are_taken(make: Factory, years: int, days: int, code: int) -> None:
    """``days`` after the day on which one becomes so old: (18, 1) is who becomes 18 tomorrow."""
    me = make.user()
    while True:
        day = today()
        birthday = (years_before(day, years) + timedelta(days=days)).isoformat()
        answer = me.patch("/users/me", json={"birthday": birthday})
        if day == today():  # not when midnight came in between
            break
    assert answer.status_code == code
    assert data(me.get("/users/me"))["birthday"] == (birthday if code == 200 else None)
    if code == 400:
        assert failure(answer) == (400, "INVALID_FIELD")
        assert answer.get_json()["field"] == "birthday"


def test_29_february_is_a_birthday_of_leap_years_only(make: Factory) -> None:
    me = make.user()
    assert data(me.patch("/users/me", json={"birthday": "1996-02-29"}))["birthday"] == "1996-02-29"
    for day in ("1995-02-29", "1900-02-29"):
        assert failure(me.patch("/users/me", json={"birthday": day})) == (400, "INVALID_FIELD")
    assert data(me.get("/users/me"))["birthday"] == "1996-02-29"


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "9999-12-31"])
def test_birthday_that_nobody_has_is_400(make: Factory, day: str) -> None:
    assert failure(make.user().patch("/users/me", json={"birthday": day})) == (400, "INVALID_FIELD")


def test_admin_cannot_make_a_minor_of_somebody_either(make: Factory) -> None:
    user, admin = make.user(), make.admin()
    answer = admin.patch(f"/admin/users/{user.user_id}", json={"birthday": today().isoformat()})
    assert failure(answer) == (400, "INVALID_FIELD")
    assert data(user.get("/users/me"))["birthday"] is None
