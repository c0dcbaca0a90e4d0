"""Reading and changing one's own profile."""

import json
from typing import Any

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory

OPEN = {"gender", "birthday", "emotional_state", "height_cm", "orientation", "education", "salary"}  # null clears them
WORDS = {
    "gender": ["male", "female", "other"],
    "emotional_state": ["single", "married", "divorced", "secret"],
    "orientation": ["heterosexual", "homosexual", "bisexual", "secret"],
    "education": ["primary", "junior_high", "senior_high", "college", "bachelor", "postgraduate"],
    "salary": ["under_3k", "3k_5k", "5k_8k", "8k_12k", "12k_20k", "over_20k"],
    "visibility": ["nobody", "everyone", "liked"],
}
FILLED = {name: words[0] for name, words in WORDS.items()} | {
    "nickname": "Lin",
    "birthday": "1996-05-17",
    "height_cm": 172,
    "bio": "Maps.",
}


def patch(me: Client, **changes: Any) -> tuple[int, str]:
    return failure(me.patch("/users/me", json=changes))


def test_newcomer_has_a_nickname_and_an_open_profile(make: Factory) -> None:
    phone = make.phone()
    me = make.user(phone)
    profile = data(me.get("/users/me"))
    assert profile.pop("created_at").endswith("Z")
    assert profile == {
        **dict.fromkeys(OPEN),
        "id": me.user_id,
        "phone": f"+86{phone}",
        "email": None,
        "role": "user",
        "nickname": f"Newcomer {me.user_id}",
        "avatar": None,
        "visibility": "everyone",
        "has_password": False,
        "bio": "",
    }


def test_change_is_answered_whole_and_read_back_the_same(make: Factory) -> None:
    me = make.user()
    before = data(me.get("/users/me"))
    changed = data(me.patch("/users/me", json=FILLED))
    assert changed == {**before, **FILLED}
    for _ in range(3):  # from the database, then from the record beside the token
        assert data(me.get("/users/me")) == changed


def test_change_leaves_the_fields_it_does_not_name(make: Factory) -> None:
    me = make.user()
    me.patch("/users/me", json=FILLED)
    changed = data(me.patch("/users/me", json={"bio": "Cooks."}))
    assert {name: changed[name] for name in FILLED} == {**FILLED, "bio": "Cooks."}


def test_change_touches_nobody_else(make: Factory) -> None:
    me, other = make.user(), make.user()
    before = data(other.get("/users/me"))
    patch(me, **FILLED)
    assert data(other.get("/users/me")) == before


TAKEN = [(name, word) for name, words in WORDS.items() for word in words] + [
    ("height_cm", 100),
    ("height_cm", 250),
    ("nickname", "x"),
    ("nickname", "x" * 30),
    ("nickname", "林" * 30),
    ("nickname", "😀" * 30),
    ("nickname", "Lin of the lake"),
    ("bio", ""),
    ("bio", "x" * 1000),
    ("bio", "😀" * 1000),
    ("bio", "line\nline\ttab"),
    ("bio", "'; DROP TABLE user_info; --"),
]


@pytest.mark.parametrize(("name", "value"), TAKEN, ids=lambda value: str(value)[:20])
def test_value_within_bounds_is_taken_and_kept_to_the_letter(make: Factory, name: str, value: object) -> None:
    me = make.user()
    assert patch(me, **{name: value}) == (200, "SUCCESS")
    assert data(me.get("/users/me"))[name] == value


REFUSED = [(name, word) for name in WORDS for word in ("", "unknown", WORDS[name][0].upper(), 1, True, ["x"], {})] + [
    *[("height_cm", value) for value in (99, 251, -172, 172.5, "172", True, 2**63 - 1, [])],
    *[("nickname", value) for value in ("", "x" * 31, " ", " x", "x ", "x\n", "\nx", "a\nb", "\u3000x", 1, [], "x\0")],
    *[("bio", value) for value in ("x" * 1001, 1, [], "x\0")],
    *[("birthday", value) for value in ("", "1996-5-7", "19960517", "17.05.1996", "1996-02-30", "1995-02-29", 1996)],
    *[
        ("birthday", value)
        for value in ("1996-05-17T00:00:00Z", "1996-13-01", "0000-01-01", "1996-W20-5", "１９９６-05-17")
    ],
]


@pytest.mark.parametrize(("name", "value"), REFUSED, ids=lambda value: repr(value)[:20])
def test_value_out_of_bounds_is_400_and_changes_nothing(make: Factory, name: str, value: object) -> None:
    me = make.user()
    patch(me, **FILLED)
    before = data(me.get("/users/me"))
    answer = me.patch("/users/me", json={name: value, "bio" if name != "bio" else "nickname": "changed"})
    assert answer.status_code == 400
    assert answer.get_json()["status"] in ("INVALID_FIELD", "BAD_JSON")
    if answer.get_json()["status"] == "INVALID_FIELD":
        assert answer.get_json()["field"] == name
    assert data(me.get("/users/me")) == before


@pytest.mark.parametrize("name", sorted(OPEN))
def test_null_clears_what_may_be_left_open(make: Factory, name: str) -> None:
    me = make.user()
    patch(me, **FILLED)
    assert data(me.patch("/users/me", json={name: None}))[name] is None
    assert data(me.get("/users/me")) == {**data(me.get("/users/me")), **FILLED, name: None}


@pytest.mark.parametrize("name", ["nickname", "bio", "visibility"])
def test_null_is_refused_where_there_must_be_something(make: Factory, name: str) -> None:
    me = make.user()
    patch(me, **FILLED)
    assert patch(me, **{name: None}) == (400, "INVALID_FIELD")
    assert data(me.get("/users/me"))[name] == FILLED[name]


NOT_MINE = {"role": "admin", "phone": "13900139000", "status": "banned", "id": 99, "user_id": 99, "avatar": "x"}
NOT_MINE |= {"password_hash": "x", "has_password": True, "token_generation": 9, "created_at": "2020-01-01T00:00:00Z"}
NOT_MINE |= {"delete_after": None, "vip_until": "2099-01-01T00:00:00Z", "caller_id": 1, "auth": {}, "info": {}}
NOT_MINE |= {"__class__": "x", "": 1, "Nickname": "x", "nickname ": "x"}


@pytest.mark.parametrize("name", NOT_MINE, ids=repr)
def test_what_is_not_mine_to_set_is_400_and_changes_nothing(make: Factory, name: str) -> None:
    me = make.user()
    before = data(me.get("/users/me"))
    answer = me.patch("/users/me", json={"nickname": "Changed", name: NOT_MINE[name]})
    assert failure(answer) == (400, "INVALID_FIELD")
    assert answer.get_json()["errors"] == [{"field": name, "message": "is not a field of this request"}]
    assert data(me.get("/users/me")) == before


def test_empty_change_is_400(make: Factory) -> None:
    assert patch(make.user()) == (400, "INVALID_FIELD")


def test_all_fields_at_fault_are_named_together(make: Factory) -> None:
    answer = make.user().patch("/users/me", json={"gender": "x", "height_cm": 99, "role": "admin"})
    assert {error["field"] for error in answer.get_json()["errors"]} == {"gender", "height_cm", "role"}


def test_failure_never_repeats_what_was_sent(make: Factory) -> None:
    canary = "canary-5f2c9a"
    for name in (*FILLED, "height_cm"):
        answer = make.user().patch("/users/me", json={name: canary * 200})
        assert answer.status_code == 400
        assert canary not in answer.get_data(as_text=True)


def test_name_given_twice_is_400(make: Factory) -> None:
    body = json.dumps(FILLED)[:-1] + ', "nickname": "Other"}'
    answer = make.user().patch("/users/me", data=body, content_type="application/json")
    assert failure(answer) == (400, "BAD_JSON")
