"""Whoever is hidden from somebody leaves no trace in any answer: every GET of the page is asked, with every parameter.

A new operation is asked as well. Before anybody is hidden it must show him, or else be named in ``SHOWS_NOBODY``.
"""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from flask_api.accounts.leaving import erase_expired
from flask_api.users.models import UserAuth
from tests.clients import Client
from tests.factories import Factory
from tests.people.neighbours import NOW, READS, Neighbours, Person, pages
from tests.security.operations import Operation

# Who is hidden from whom is no matter to admins, who look after all of them.
WALKED = [read for read in READS if not read.needs_role]

SHOWS_NOBODY = {
    "GET /auth/account": "my own",
    "GET /auth/sessions": "my own logins",
    "GET /blocks": "nobody is blocked yet",
    "GET /blog/categories": "names and counts",
    "GET /health/live": "the server",
    "GET /health/ready": "the server",
    "GET /labels": "a catalogue",
    "GET /uploads": "my own files",
    "GET /uploads/{upload_id}": "my own file",
    "GET /users/me": "myself",
    "GET /users/me/badges": "counts",
    "GET /users/me/entitlements": "my own",
    "GET /users/me/labels": "my own",
    "GET /users/me/photos": "my own",
    "GET /users/me/place": "my own",
    "GET /users/me/wishes": "my own",
    "GET /visitors/count": "a count",
    "GET /visitors/invisibility": "my own",
}
# Where somebody still is, and why.
REMAINS = {
    ("GET /blocks", "blocked"): "whom I have blocked I must find, to lift it",
    ("GET /auth/account/export", "blocked"): "that I have blocked somebody is of my own making",
}


def walk(viewer: Client, about: Person, around: Neighbours, reads: list[Operation] = WALKED) -> dict[str, list[str]]:
    """Return the operations whose answers have a trace of somebody, and the addresses."""
    found: dict[str, list[str]] = {}
    for operation in reads:
        for address in around.addresses(operation, about):
            for answer in pages(viewer, address):
                assert answer.status_code in (200, 404), (address, answer.get_json())
                if traces := about.trace_in(answer):
                    found.setdefault(str(operation), []).append(f"{address}: {', '.join(traces)}")
    return found


def ban(around: Neighbours, _app: Flask) -> None:
    assert around.admin.put(f"/admin/users/{around.other.id}/ban").status_code == 200


def leave(around: Neighbours, _app: Flask) -> None:
    assert around.other.client.delete("/auth/account").status_code == 200


def erase(around: Neighbours, app: Flask) -> None:
    leave(around, app)
    around.make.execute(update(UserAuth).where(UserAuth.id == around.other.id).values(delete_after=NOW))
    with app.app_context():
        assert erase_expired() == 1


def hide(around: Neighbours, _app: Flask) -> None:
    assert around.other.client.patch("/users/me", json={"visibility": "nobody"}).status_code == 200


def show_to_liked(around: Neighbours, _app: Flask) -> None:
    assert around.other.client.delete(f"/likes/{around.one.id}").status_code == 200
    assert around.other.client.patch("/users/me", json={"visibility": "liked"}).status_code == 200


WAYS: dict[str, Callable[[Neighbours, Flask], None]] = {
    "banned": ban,
    "leaving": leave,
    "erased": erase,
    "for nobody": hide,
    "for those they like": show_to_liked,
}


@pytest.fixture
def around(make: Factory) -> Neighbours:
    return Neighbours(make)


def everywhere(around: Neighbours) -> set[str]:
    return set(walk(around.one.client, around.other, around))


def test_everybody_is_shown_wherever_people_are_shown_before_anybody_is_hidden(around: Neighbours) -> None:
    shown = everywhere(around)
    assert {str(read) for read in WALKED} - shown == SHOWS_NOBODY.keys(), (
        "let Neighbours make what the operation would show, or say in SHOWS_NOBODY what it shows"
    )


def test_block_leaves_no_trace_of_either_to_the_other(around: Neighbours) -> None:
    one, other = around.one, around.other
    assert one.client.put(f"/blocks/{other.id}").status_code == 200
    remains = {name for name, way in REMAINS if way == "blocked"}
    assert {k: v for k, v in walk(one.client, other, around).items() if k not in remains} == {}
    assert walk(other.client, one, around) == {}
    for viewer in (one, other):
        assert_third_is_shown(viewer.client, around)


def test_what_remains_of_a_block_is_the_list_of_them_and_my_own_export(around: Neighbours) -> None:
    assert around.one.client.put(f"/blocks/{around.other.id}").status_code == 200
    assert everywhere(around) == {name for name, _ in REMAINS}
    exported = around.one.client.get("/auth/account/export")
    assert around.other.trace_in(exported) == [str(around.other.id)], "the id, and nothing of theirs"


@pytest.mark.parametrize("way", WAYS)
def test_hidden_person_leaves_no_trace_to_anybody(around: Neighbours, app: Flask, client: Client, way: str) -> None:
    WAYS[way](around, app)
    assert walk(around.one.client, around.other, around) == {}
    public = [read for read in WALKED if read.is_public]
    assert walk(client, around.other, around, public) == {}
    assert_third_is_shown(around.one.client, around)


def assert_third_is_shown(viewer: Client, around: Neighbours) -> None:
    """Nothing is hidden but who is meant to be."""
    shown: Any = walk(viewer, around.third, around)
    assert {str(read) for read in WALKED} - shown.keys() == SHOWS_NOBODY.keys()


def test_blocked_person_is_shown_again_when_the_block_is_lifted_but_for_likes(around: Neighbours) -> None:
    before = everywhere(around)
    for method in ("PUT", "DELETE"):
        assert around.one.client.call(method, f"/blocks/{around.other.id}").status_code == 200
    assert before - everywhere(around) == {"GET /likes", "GET /likes/received", "GET /matches"}
