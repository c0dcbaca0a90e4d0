"""``manage.py demo``: what it makes is what the API would have accepted, and its promises about runs hold."""

import os
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select, text

from flask_api.albums.models import UserAlbum
from flask_api.albums.services import MAX_PHOTOS
from flask_api.blog.models import BlogCategory, BlogPost
from flask_api.blog.schemas import post_creation
from flask_api.cli.demo import pictures, population, storing
from flask_api.cli.demo.phones import Phones, admin_phone
from flask_api.core.database import now
from flask_api.core.transaction import rows
from flask_api.extensions import db
from flask_api.labels.models import ANYBODY, Label, UserLabel
from flask_api.nearby.models import Location
from flask_api.people.models import UserLike, UserMatch
from flask_api.settings import Settings
from flask_api.users.models import ROLES, STATUSES, UserAuth, UserInfo
from flask_api.users.schemas import profile_changes
from flask_api.users.services import check_birthday
from flask_api.visitors.models import Visitor
from manage import main
from tests.clients import Client, data
from tests.conftest import start_app, stop_app
from tests.factories import Factory

Run = Callable[..., Result]


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with the pictures, which take seconds to draw."""
    folder = tmp_path_factory.mktemp("drawn")
    assert pictures.write_pictures(folder) == pictures.COUNT
    return folder


@pytest.fixture
def run(app: Flask, tmp_path: Path, drawn: Path) -> Run:
    """Runs the command with these options."""
    shutil.copytree(drawn / "media", tmp_path / "media")
    return lambda *options: app.test_cli_runner().invoke(main, ["demo", *map(str, options)])


def table(app: Flask, model: Any) -> list[dict[str, Any]]:
    """Return the rows of a table in the order of their keys."""
    with app.app_context():
        found = rows(select(model.__table__).order_by(*model.__table__.primary_key))
        return [dict(row._mapping) for row in found]


def count(app: Flask, model: Any) -> int:
    with app.app_context():
        return int(rows(select(func.count().label("n")).select_from(model))[0].n)


def test_people_are_what_the_api_accepts(app: Flask, run: Run) -> None:
    assert run("--users", 400).exit_code == 0
    people, profiles = table(app, UserAuth), table(app, UserInfo)
    assert len(people) == len(profiles) == 401  # the admin
    for person in people:
        assert phonenumbers.is_valid_number(phonenumbers.parse(person["phone"]))
        assert person["role"] in ROLES
        assert person["status"] in STATUSES
        assert person["created_at"] <= (person["last_login_at"] or now()) <= now()
    columns = profile_changes.keys()
    for profile in profiles:
        sent = {name: value for name, value in profile.items() if name in columns}
        if sent["birthday"]:
            check_birthday(sent["birthday"])
            assert (now().date() - sent["birthday"]).days < 66 * 365.25
            sent["birthday"] = sent["birthday"].isoformat()
        profile_changes.load(sent)
        assert profile["updated_at"] <= now()
    assert {profile["gender"] for profile in profiles} >= {"male", "female"}
    assert {"banned", "active"} == {person["status"] for person in people}


def test_posts_are_what_the_api_accepts_and_in_the_order_of_time(app: Flask, run: Run) -> None:
    assert run("--users", 200, "--posts-per-user", 3).exit_code == 0
    joined = {person["id"]: person["created_at"] for person in table(app, UserAuth)}
    posts = table(app, BlogPost)
    assert len(posts) == 600
    for post in posts:
        post_creation.load({name: post[name] for name in ("title", "body", "category_id")})
        assert "{" not in post["title"] + post["body"]
        assert joined[post["author_id"]] <= post["created_at"] <= post["updated_at"] <= now()
    moments = [post["created_at"] for post in posts]
    assert moments == sorted(moments)
    assert 680 < (moments[-1] - moments[0]).days <= 730
    half = moments[0] + (moments[-1] - moments[0]) / 2
    assert sum(moment > half for moment in moments) > 0.6 * len(moments)
    busiest = Counter(post["author_id"] for post in posts).most_common(20)
    assert sum(number for _, number in busiest) > len(posts) / 3


def test_counts_agree(app: Flask, run: Run) -> None:
    result = run("--users", 150)
    written = Counter(post["category_id"] for post in table(app, BlogPost))
    counted = {category["id"]: category["post_count"] for category in table(app, BlogCategory)}
    assert counted == {category_id: written[category_id] for category_id in counted}
    assert f"Added 150 users, 300 posts and {count(app, UserAlbum)} photos" in result.output


def test_albums_are_in_order_and_show_pictures_that_exist(app: Flask, run: Run, tmp_path: Path) -> None:
    run("--users", 150, "--photos-per-user", 4)
    albums: dict[int, list[dict[str, Any]]] = {}
    for photo in table(app, UserAlbum):
        albums.setdefault(photo["user_id"], []).append(photo)
        assert photo["created_at"] <= now()
    for album in albums.values():
        assert [photo["position"] for photo in album] == list(range(1, len(album) + 1))
        assert len(album) <= MAX_PHOTOS
    addresses = {photo["url"] for album in albums.values() for photo in album}
    addresses |= {profile["avatar"] for profile in table(app, UserInfo)} - {None}
    assert all((tmp_path / address.removeprefix("/")).is_file() for address in addresses)
    assert 3 < sum(map(len, albums.values())) / 150 < 5


def test_avatar_is_a_photo_of_those_who_have_an_album(app: Flask, run: Run) -> None:
    run("--users", 100, "--photos-per-user", 4)
    profiles = {profile["user_id"]: profile["avatar"] for profile in table(app, UserInfo)}
    photos = table(app, UserAlbum)
    assert {photo["state"] for photo in photos} == {"approved"}
    avatars = {photo["user_id"]: photo["url"] for photo in photos if photo["is_avatar"]}
    with_album = {photo["user_id"] for photo in photos}
    assert avatars == {user_id: profiles[user_id] for user_id in with_album if profiles[user_id]}
    assert avatars


def test_ties_are_what_the_api_would_have_made(app: Flask, run: Run) -> None:
    run("--users", 200)
    joined = {person["id"]: person["created_at"] for person in table(app, UserAuth)}
    profiles = {profile["user_id"]: profile for profile in table(app, UserInfo)}
    likes = {(like["liker_id"], like["liked_id"]) for like in table(app, UserLike)}
    matches = {(match["user_id"], match["other_id"]) for match in table(app, UserMatch)}
    assert matches == {pair for pair in likes if pair[::-1] in likes}
    assert matches
    visits = table(app, Visitor)
    moments = [visit["visited_at"] for visit in visits]
    assert moments == sorted(moments)
    for visit in visits:
        assert visit["host_id"] != visit["visitor_id"]
        assert max(joined[visit["host_id"]], joined[visit["visitor_id"]]) <= visit["visited_at"] <= now()
        assert visit["day"] == visit["visited_at"].date()
    assert len(visits) > 200
    labels = {label["id"]: label for label in table(app, Label)}
    for picked in table(app, UserLabel):
        assert labels[picked["label_id"]]["gender"] in (ANYBODY, profiles[picked["user_id"]]["gender"])
    assert 100 < count(app, Location) < 180


def test_second_runs_ties_come_after_the_first_ones(app: Flask, run: Run) -> None:
    for users in (60, 40):
        assert run("--users", users).exit_code == 0
    moments = [visit["visited_at"] for visit in table(app, Visitor)]
    assert moments == sorted(moments)


def test_a_demo_person_and_the_admin_can_use_the_app(app: Flask, client: Client, run: Run) -> None:
    output = run("--users", 60).output
    phone = next(line for line in output.splitlines() if line.startswith("Somebody")).split()[-1]
    person = client.log_in(phone)
    assert data(person.get("/users/me"))["phone"] == phone
    posts = data(person.get("/blog/posts?limit=50"))["items"]
    assert len(posts) == 50
    assert all(post["author"]["nickname"] and post["category"]["name"] for post in posts)
    assert data(client.log_in(admin_phone(1)).get("/users/me"))["role"] == "admin"


def test_a_second_run_adds_other_people_and_keeps_posts_in_order(app: Flask, run: Run) -> None:
    run("--users", 50)
    first = table(app, UserInfo)
    result = run("--users", 30)
    assert result.exit_code == 0
    assert "was there already" in result.output
    people = table(app, UserInfo)
    assert people[: len(first)] == first
    assert len(people) == 81
    moments = [post["created_at"] for post in table(app, BlogPost)]
    assert len(moments) == 160
    assert moments == sorted(moments)
    names = [category["name"] for category in table(app, BlogCategory)]
    assert len(names) == len(set(names))


def test_the_same_seed_makes_the_same_people_in_whatever_portions(app: Flask, run: Run) -> None:
    def people() -> list[Any]:
        found = zip(table(app, UserAuth), table(app, UserInfo), strict=True)
        return [(auth["phone"], {**info, "user_id": 0, "updated_at": 0, "active_at": 0}) for auth, info in found]

    def empty() -> None:
        with app.app_context(), db.engine.begin() as connection:
            for name in ("blog_post", "user_album", "user_info", "user_auth"):
                connection.execute(text(f"DELETE FROM {name}"))

    run("--users", 40, "--seed", 7)
    first = people()
    empty()
    run("--users", 15, "--seed", 7)
    run("--users", 25, "--seed", 7)
    assert people() == first
    empty()
    run("--users", 40, "--seed", 8)
    assert not {phone for phone, _ in people()} & {phone for phone, _ in first}


def test_ctrl_c_leaves_whole_batches_and_says_how_many(app: Flask, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    store, calls = storing.store_people, []

    def store_and_press(people: Any) -> list[int]:
        calls.append(1)
        if len(calls) == 3:  # the admin, a batch, and this one
            os.kill(os.getpid(), signal.SIGINT)
        return store(people)

    monkeypatch.setattr(population, "USERS_AT_ONCE", 20)
    monkeypatch.setattr(storing, "store_people", store_and_press)
    before = signal.getsignal(signal.SIGINT)
    result = run("--users", 100)
    assert result.exit_code == 130
    assert "Stopped. 40 users, 0 posts" in result.output
    assert count(app, UserAuth) == count(app, UserInfo) == 41
    assert signal.getsignal(signal.SIGINT) is before


def test_somebody_who_signs_up_meanwhile_keeps_the_phone(
    app: Flask, run: Run, make: Factory, monkeypatch: pytest.MonkeyPatch
) -> None:
    look_up, taken = storing.users_by_phone, Phones(1)[3]

    def look_up_too_early(phones: list[str]) -> dict[str, Any]:
        found = look_up(phones)
        if len(phones) > 1 and count(app, UserAuth) == 1:  # the admin
            make.user(taken)
        return found

    monkeypatch.setattr(storing, "users_by_phone", look_up_too_early)
    assert run("--users", 10).exit_code == 0
    assert count(app, UserAuth) == 12
    assert data(Client(app).log_in(taken).get("/users/me"))["nickname"].startswith("Newcomer")


def test_an_admins_phone_that_is_bad_or_somebody_elses_makes_nothing(app: Flask, run: Run, make: Factory) -> None:
    make.user("13800138000")
    for phone, words in (("123", "not a phone number"), ("13800138000", "belongs to somebody who is no admin")):
        result = run("--users", 5, "--admin-phone", phone)
        assert result.exit_code == 1
        assert words in result.stderr
    assert count(app, UserAuth) == 1


def test_production_is_refused_unless_asked_for_and_gets_no_admin_of_a_strangers_phone(
    settings: Settings, run: Run, app: Flask
) -> None:
    other = start_app(settings.model_copy(update={"environment": "production"}))
    refused = other.test_cli_runner().invoke(main, ["demo", "--users", "5"])
    assert refused.exit_code == 1
    assert "--yes-in-production" in refused.stderr
    assert count(app, UserAuth) == 0
    done = other.test_cli_runner().invoke(main, ["demo", "--users", "5", "--yes-in-production"])
    assert done.exit_code == 0
    assert "No admin was made" in done.output
    assert {person["role"] for person in table(app, UserAuth)} == {"user"}
    stop_app(other)


def test_a_database_without_tables_is_refused_in_one_line(settings: Settings, tmp_path: Path) -> None:
    bare = start_app(settings.model_copy(update={"database_url": f"sqlite:///{tmp_path / 'bare.db'}"}))
    result = bare.test_cli_runner().invoke(main, ["demo", "--users", "5"])
    assert result.exit_code == 1
    assert result.stderr == "Error: The tables are missing or out of date; run: python manage.py db upgrade\n"
    stop_app(bare)


def test_no_posts_and_no_photos_are_possible_and_one_user_too(app: Flask, run: Run) -> None:
    assert run("--users", 1, "--posts-per-user", 0, "--photos-per-user", 0).exit_code == 0
    assert (count(app, UserAuth), count(app, BlogPost), count(app, UserAlbum)) == (2, 0, 0)
    assert run("--users", 1).exit_code == 0
    assert count(app, BlogPost) == 2
