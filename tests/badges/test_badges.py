"""What is new, in one answer."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from flask_api.extensions import db
from tests.clients import Client, data, failure
from tests.factories import Factory

NOTHING = {"visitors": 0, "likes": 0, "matches": 0}


def badges(me: Client) -> dict[str, int]:
    return dict(data(me.get("/users/me/badges")))


def test_new_visitors_likes_and_matches_are_counted(make: Factory) -> None:
    me, one, two = make.user(), make.user(), make.user()
    assert badges(me) == NOTHING
    one.get(f"/users/{me.user_id}")
    one.put(f"/likes/{me.user_id}")
    two.put(f"/likes/{me.user_id}")
    me.put(f"/likes/{two.user_id}")
    assert badges(me) == {"visitors": 1, "likes": 2, "matches": 1}
    assert badges(two) == {"visitors": 0, "likes": 1, "matches": 1}
    assert badges(one) == NOTHING


@pytest.mark.parametrize(
    ("path", "kind"), [("/visitors/seen", "visitors"), ("/likes/received/seen", "likes"), ("/matches/seen", "matches")]
)
def test_what_i_have_seen_is_new_no_longer_and_the_rest_is(make: Factory, path: str, kind: str) -> None:
    me, one, two = make.user(), make.user(), make.user()

    def meet(other: Client) -> None:
        other.get(f"/users/{me.user_id}")
        other.put(f"/likes/{me.user_id}")
        me.put(f"/likes/{other.user_id}")

    meet(one)
    before = badges(me)
    assert before == dict.fromkeys(NOTHING, 1)
    for _ in range(2):
        assert me.post(path).status_code == 200
        assert badges(me) == {**before, kind: 0}
    meet(two)
    assert badges(me) == {**dict.fromkeys(NOTHING, 2), kind: 1}


def test_what_is_undone_or_hidden_is_not_new(make: Factory) -> None:
    me, gone, hidden, banned = (make.user() for _ in range(4))
    for other in (gone, hidden, banned):
        other.put(f"/likes/{me.user_id}")
    assert badges(me)["likes"] == 3
    gone.delete(f"/likes/{me.user_id}")
    hidden.patch("/users/me", json={"visibility": "nobody"})
    make.admin().put(f"/admin/users/{banned.user_id}/ban")
    assert badges(me) == NOTHING


def test_badges_are_one_question_to_the_database(make: Factory, app: Flask) -> None:
    me, asked = make.user(), list[str]()
    badges(me)
    with app.app_context():
        engine = db.engine

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    badges(me)
    event.remove(engine, "before_cursor_execute", note)
    assert len(asked) == 1


def test_badges_need_a_login(client: Client) -> None:
    assert failure(client.get("/users/me/badges")) == (401, "TOKEN_MISSING")
