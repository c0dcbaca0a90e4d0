"""Another's object by its id: every address with an id, for a stranger, another user, its owner and an admin."""

import re
from dataclasses import dataclass
from itertools import count
from typing import Any

import pytest

from flask_api.nearby import feeding
from flask_api.providers.storage import Storage
from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.security.operations import NOBODYS_ID, OPERATIONS, Operation, stored


@dataclass(frozen=True)
class Rule:
    """What each is answered: 200 stands for any success. ``owner`` is who the object belongs to, if to anybody."""

    stranger: int
    other: int
    owner: int
    admin: int


OPEN = Rule(200, 200, 200, 200)
FOR_MEMBERS = Rule(401, 200, 200, 200)
FOR_ITS_OWNER = Rule(401, 404, 200, 404)  # not 403: nobody else may know that there is one
FOR_OWNER_AND_ADMINS = Rule(401, 403, 200, 200)  # of what everybody may read
FOR_ADMINS = Rule(401, 403, 403, 200)
OF_OTHERS = Rule(401, 200, 400, 200)  # what one does to others; oneself is refused

RULES = {
    "DELETE /auth/sessions/{session_id}": FOR_ITS_OWNER,
    "GET /users/{user_id}": FOR_MEMBERS,
    "GET /users/{user_id}/photos": FOR_MEMBERS,
    "PATCH /users/me/photos/{photo_id}": FOR_ITS_OWNER,
    "DELETE /users/me/photos/{photo_id}": FOR_ITS_OWNER,
    "POST /admin/photos/{photo_id}/review": FOR_ADMINS,
    "DELETE /admin/photos/{photo_id}": FOR_ADMINS,
    "DELETE /admin/users/{user_id}/avatar": FOR_ADMINS,
    "PUT /admin/users/{user_id}/entitlements/{name}": FOR_ADMINS,
    "GET /uploads/{upload_id}": FOR_ITS_OWNER,
    "DELETE /uploads/{upload_id}": FOR_ITS_OWNER,
    "POST /uploads/{upload_id}/complete": FOR_ITS_OWNER,
    "PUT /likes/{user_id}": OF_OTHERS,
    "DELETE /likes/{user_id}": Rule(401, 200, 200, 200),  # of one's own; whether there was one is not told
    "PUT /blocks/{user_id}": OF_OTHERS,
    "DELETE /blocks/{user_id}": Rule(401, 404, 404, 404),  # of a block that somebody else has made
    "POST /admin/reports/{report_id}/resolution": FOR_ADMINS,
    "GET /labels/{label_id}/people": FOR_MEMBERS,
    "PATCH /labels/{label_id}": FOR_ADMINS,
    "DELETE /labels/{label_id}": FOR_ADMINS,
    "GET /blog/posts/{post_id}": OPEN,
    "PATCH /blog/posts/{post_id}": FOR_OWNER_AND_ADMINS,
    "DELETE /blog/posts/{post_id}": FOR_OWNER_AND_ADMINS,
    "GET /blog/posts/archive/{year}": OPEN,
    "GET /blog/posts/archive/{year}/{month}": OPEN,
    "GET /blog/posts/archive/{year}/{month}/{day}": OPEN,
    "GET /blog/categories/{category_id}": OPEN,
    "PATCH /blog/categories/{category_id}": FOR_ADMINS,
    "DELETE /blog/categories/{category_id}": FOR_ADMINS,
    "GET /admin/users/{user_id}": FOR_ADMINS,
    "PATCH /admin/users/{user_id}": FOR_ADMINS,
    "PUT /admin/users/{user_id}/ban": FOR_ADMINS,
    "DELETE /admin/users/{user_id}/ban": FOR_ADMINS,
    "PATCH /admin/app-keys/{app_key_id}": FOR_ADMINS,
    "POST /admin/app-keys/{app_key_id}/secrets": FOR_ADMINS,
}
WITH_IDS = [operation for operation in OPERATIONS if operation.has_id]
of_each = pytest.mark.parametrize("operation", WITH_IDS, ids=str)
HIDING = [one for one in WITH_IDS if "{user_id}" in one.path and RULES.get(str(one)) in (FOR_MEMBERS, OF_OTHERS)]
SAYS_NOTHING = {"DELETE /likes/{user_id}"}  # whoever it is

_numbers = count(1)


class World:
    """Somebody who has one of everything, others, and the id of each object."""

    def __init__(self, make: Factory) -> None:
        self.make = make
        make.admin()
        self.admin, self.other, self.owner = make.admin(), make.user(), make.user()
        self.stranger = Client(make.app)
        assert self.admin.put("/users/me/place", json={"latitude": 31.23, "longitude": 121.47}).status_code == 200
        with make.app.app_context():
            feeding.rebuild()  # a Redis that was never told all places would be answered 503
        number = next(_numbers)
        category = make.category(f"Travel {number}")
        label = {"name": f"Label {number}", "kind": "interest", "gender": "any"}
        self.ids: dict[str, Any] = {
            "user_id": self.owner.user_id,
            "category_id": make.category(f"Empty {number}"),
            "post_id": make.post(self.owner, category),
            "upload_id": self.upload(),
            "photo_id": make.photo(self.owner),
            "name": "visitors",  # of an entitlement
            "session_id": data(self.owner.get("/auth/sessions"))["items"][0]["id"],
            "app_key_id": data(self.admin.post("/admin/app-keys", json={"name": "Android"}))["app_key"]["id"],
            "report_id": self.report(),
            "label_id": data(self.admin.post("/labels", json=label))["id"],
            "year": 2026,
            "month": 11,
            "day": 20,
        }

    def report(self) -> int:
        """What the other one, who likes the owner, says of him; and somebody has blocked him."""
        assert self.other.put(f"/likes/{self.owner.user_id}").status_code == 200
        assert self.make.user().put(f"/blocks/{self.owner.user_id}").status_code == 200
        told = {"user_id": self.owner.user_id, "kind": "profile", "reason": "spam"}
        return int(data(self.other.post("/reports", json=told))["id"])

    def upload(self) -> int:
        """A file that the owner has sent, and not said so."""
        sent = {"kind": "photo", "size": 3, "content_type": "image/jpeg"}
        granted = data(self.owner.post("/uploads", json=sent))
        key = granted["url"].removeprefix("/uploads/").partition("?")[0]
        storage: Storage = self.make.app.extensions["storage"]
        storage.put(key, b"abc", content_type="image/jpeg", public=False)
        return int(granted["id"])

    def address(self, operation: Operation) -> str:
        """The operation's address with the owner's ids in it."""
        missing = set(re.findall(r"{(\w+)}", operation.path)) - self.ids.keys()
        assert not missing, f"{operation}: make one of the owner's in World, and name its id {missing}"
        return operation.path.format_map(self.ids)

    def call(self, client: Client, operation: Operation, path: str = "") -> tuple[int, str]:
        return failure(client.call(operation.method, path or self.address(operation), json=operation.example))


@pytest.fixture
def world(house: Factory) -> World:
    return World(house)


def test_every_address_with_an_id_has_a_rule() -> None:
    assert {str(operation) for operation in WITH_IDS} == RULES.keys(), "say who may do what with whose object"


@of_each
def test_only_those_come_through_who_may_and_nobody_else_changes_a_row(make: Factory, operation: Operation) -> None:
    world = World(make)
    rule, before = RULES[str(operation)], stored(make)
    refused = [name for name in ("stranger", "other", "owner", "admin") if getattr(rule, name) >= 400]
    for name in refused:
        assert world.call(getattr(world, name), operation)[0] == getattr(rule, name), name
    assert stored(make) == before
    for name in ("stranger", "other", "admin", "owner"):
        if name not in refused:
            allowed = World(make) if operation.writes else world  # it may be gone already
            status, word = allowed.call(getattr(allowed, name), operation)
            assert 200 <= status < 300, (name, word)


@pytest.mark.parametrize("operation", [o for o in WITH_IDS if RULES[str(o)] in (FOR_ITS_OWNER, FOR_ADMINS)], ids=str)
def test_who_may_not_cannot_tell_whether_there_is_such_an_object(world: World, operation: Operation) -> None:
    for client in (world.stranger, world.other):
        answers = [
            client.call(operation.method, path, json=operation.example)
            for path in (world.address(operation), operation.url(NOBODYS_ID))
        ]
        assert looks_of(answers[0]) == looks_of(answers[1])


@pytest.mark.parametrize("operation", HIDING, ids=str)
@pytest.mark.parametrize("way", ["nobody may see it", "banned", "leaving"])
def test_hidden_user_looks_like_one_that_never_was(world: World, operation: Operation, way: str) -> None:
    if way == "banned":
        assert world.admin.put(f"/admin/users/{world.owner.user_id}/ban").status_code == 200
    elif way == "leaving":
        assert world.owner.delete("/auth/account").status_code == 200
    else:
        assert world.owner.patch("/users/me", json={"visibility": "nobody"}).status_code == 200
    hidden = world.other.call(operation.method, world.address(operation), json=operation.example)
    assert hidden.status_code == (200 if str(operation) in SAYS_NOTHING else 404)
    assert looks_of(hidden) == looks_of(operation.ask(world.other))


def looks_of(answer: Any) -> tuple[int, dict[str, Any], list[str]]:
    """What somebody can tell answers apart by."""
    return answer.status_code, {**answer.get_json(), "request_id": ""}, sorted(answer.headers.keys())
