"""The archive: whole days, months and years, in UTC, to the last instant."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from flask_api.blog.models import BlogPost
from tests.blog.walking import walk
from tests.clients import Client, data, failure
from tests.factories import Factory

ARCHIVE = "/blog/posts/archive"
INSTANT = timedelta(microseconds=1)


def write_at(make: Factory, moment: datetime) -> int:
    """A post that was written at this moment."""
    author = make.user()
    post_id = make.post(author, make.category(f"Of {author.user_id}"))
    make.execute(update(BlogPost).where(BlogPost.id == post_id).values(created_at=moment))
    return post_id


def in_archive(client: Client, path: str) -> set[int]:
    return {post["id"] for post in data(client.get(f"{ARCHIVE}/{path}"))["items"]}


SPANS = [
    ("2026", "2026-01-01", "2027-01-01"),
    ("2024", "2024-01-01", "2025-01-01"),
    ("2026/1", "2026-01-01", "2026-02-01"),
    ("2026/01", "2026-01-01", "2026-02-01"),
    ("2026/2", "2026-02-01", "2026-03-01"),
    ("2024/2", "2024-02-01", "2024-03-01"),
    ("2026/4", "2026-04-01", "2026-05-01"),
    ("2026/12", "2026-12-01", "2027-01-01"),
    ("2026/1/1", "2026-01-01", "2026-01-02"),
    ("2026/1/31", "2026-01-31", "2026-02-01"),
    ("2024/2/29", "2024-02-29", "2024-03-01"),
    ("2026/2/28", "2026-02-28", "2026-03-01"),
    ("2026/4/30", "2026-04-30", "2026-05-01"),
    ("2026/12/31", "2026-12-31", "2027-01-01"),
    ("1970/1/1", "1970-01-01", "1970-01-02"),
]


@pytest.mark.parametrize(("path", "first", "after"), SPANS, ids=[span[0] for span in SPANS])
def test_span_has_its_first_and_last_instant_and_not_those_beside(
    make: Factory, client: Client, path: str, first: str, after: str
) -> None:
    begin, end = (datetime.fromisoformat(day).replace(tzinfo=UTC) for day in (first, after))
    inside = {write_at(make, moment) for moment in (begin, begin + (end - begin) / 2, end - INSTANT)}
    for moment in (begin - INSTANT, end):
        write_at(make, moment)
    assert in_archive(client, path) == inside


@pytest.mark.parametrize("day", ["2026-12-31", "2024-02-29", "2026-01-31"])
def test_last_instant_of_a_day_is_of_its_day_month_and_year(make: Factory, client: Client, day: str) -> None:
    post_id = write_at(make, datetime.fromisoformat(f"{day}T23:59:59.999999+00:00"))
    year, month, number = day.split("-")
    for path in (year, f"{year}/{month}", f"{year}/{month}/{number}"):
        assert in_archive(client, path) == {post_id}
    assert data(client.get(f"/blog/posts/{post_id}"))["created_at"] == f"{day}T23:59:59.999999Z"


NO_DAYS = ["2026/2/30", "2026/2/29", "2026/4/31", "2026/1/32", "2026/13", "2026/13/1", "0", "0/1/1", "10000", "99999"]
NO_DAYS += [f"{2**63 - 1}", f"2026/{2**63 - 1}", f"2026/1/{2**63 - 1}", "2026/0", "2026/0/1", "2026/1/0"]


@pytest.mark.parametrize("path", NO_DAYS)
def test_day_that_is_not_in_the_calendar_is_400(make: Factory, client: Client, path: str) -> None:
    write_at(make, datetime(2026, 1, 1, tzinfo=UTC))
    assert failure(client.get(f"{ARCHIVE}/{path}")) == (400, "INVALID_FIELD")


@pytest.mark.parametrize("path", [f"{2**63}", "9" * 5000, "-1", "2026/-1", "2026/1/-1", "abc", "2026/x", "2026.5", ""])
def test_what_is_no_number_is_404(client: Client, path: str) -> None:
    assert client.get(f"{ARCHIVE}/{path}").status_code == 404


@pytest.mark.parametrize("path", ["1", "1/1/1", "9998/12/31", "9999", "9999/12", "9999/12/31"])
def test_ends_of_the_calendar_are_empty_or_refused_never_a_crash(client: Client, path: str) -> None:
    assert client.get(f"{ARCHIVE}/{path}").status_code in (200, 400)


def test_archive_pages_follow_time_and_break_ties_by_id(make: Factory, client: Client) -> None:
    noon = datetime(2026, 5, 17, 12, 0, 0, 123456, tzinfo=UTC)
    moments = [noon, noon, noon + INSTANT, noon - INSTANT, noon, noon + timedelta(seconds=1), noon - timedelta(hours=5)]
    written = [(moment, write_at(make, moment)) for moment in moments]
    expected = [post_id for _, post_id in sorted(written, reverse=True)]
    for path in ("2026", "2026/5", "2026/5/17"):
        for limit in (1, 2, 3, 100):
            assert walk(client, limit, f"{ARCHIVE}/{path}") == expected


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"page": "1"}, {"category_id": "1"}], ids=str)
def test_bad_query_of_the_archive_is_400(client: Client, query: dict[str, str]) -> None:
    assert failure(client.get(f"{ARCHIVE}/2026", query_string=query)) == (400, "INVALID_FIELD")
