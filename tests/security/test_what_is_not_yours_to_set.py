"""Request shapes are closed: role, vip_until, price, somebody else's id … are refused wherever anything is written."""

from typing import Any

import pytest

from flask_api.core.database import Base
from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.security.operations import OPERATIONS, Operation, each, stored
from tests.security.test_others_objects import World

COLUMNS = {column.name for table in Base.metadata.tables.values() for column in table.columns}
NAMED = {
    *("role", "roles", "is_admin", "admin", "vip_until", "price", "price_cents", "balance", "amount", "currency"),
    *("user_id", "userId", "owner_id", "author_id", "id", "_id", "created_at", "updated_at", "status"),
    *("token_generation", "password_hash", "has_password", "delete_after", "environment", "info", "auth", "data"),
    *("info.role", "__class__", "__dict__", "__proto__", "constructor", "$set", "role\t", "Role", "ROLE", "ｒole", ""),
}
VALUES: list[Any] = ["admin", 1, True, None, {"role": "admin"}]


@pytest.fixture(scope="session")
def world(house: Factory) -> World:
    return World(house)


def foreign(operation: Operation) -> list[str]:
    """What this operation does not list: names of note, and the columns of all tables."""
    return sorted((NAMED | COLUMNS) - operation.fields.keys())


@each("has_body")
def test_field_that_is_not_listed_is_the_one_thing_wrong_with_the_request(world: World, operation: Operation) -> None:
    """The rest is the page's example, which is valid: nothing else is complained of."""
    before, path = stored(world.make), world.address(operation)
    for number, name in enumerate(foreign(operation)):
        body = {**operation.example, name: VALUES[number % len(VALUES)]}
        answer = world.admin.call(operation.method, path, json=body)
        assert failure(answer) == (400, "INVALID_FIELD"), name
        expected = [{"field": name, "message": "is not a field of this request"}]
        assert answer.get_json()["errors"] == expected, name
    assert stored(world.make) == before


@each("has_body")
def test_without_such_a_field_the_same_body_is_valid(house: Factory, operation: Operation) -> None:
    world = World(house)
    answer = world.admin.call(operation.method, world.address(operation), json=operation.example)
    assert failure(answer)[1] not in ("INVALID_FIELD", "BAD_JSON"), answer.get_json()


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.fields.keys() & {"role"}], ids=str)
def test_who_may_set_a_role_is_an_admin(operation: Operation) -> None:
    assert operation.needs_role


@each("has_query")
def test_parameter_that_is_not_listed_is_400(chief: Client, world: World, operation: Operation) -> None:
    path = world.address(operation)
    for name in sorted(
        {"user_id", "userId", "viewer_id", "role", "fields", "sort", "X-Fields", "id"} - {*operation.query}
    ):
        answer = chief.call(operation.method, path, query_string={name: "1"})
        assert failure(answer) == (400, "INVALID_FIELD"), name
        assert answer.get_json()["field"] == name


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if not one.writes and not one.has_query], ids=str)
def test_who_i_am_is_what_my_token_says_and_nothing_else(world: World, operation: Operation) -> None:
    """``userId`` in the query with one's own token used to read another's phone."""
    caller = world.admin if operation.needs_role else world.other
    path, owner = world.address(operation), str(world.owner.user_id)
    claims = dict.fromkeys(("user_id", "userId", "uid", "id", "token", "fields"), owner)
    headers = {"X-User-Id": owner, "X-Fields": "*{__dict__}", "Cookie": f"user_id={owner}"}
    plain, claimed = caller.get(path), caller.get(path, query_string=claims, headers=headers)
    assert claimed.status_code == plain.status_code
    if plain.status_code != 404:  # else it is somebody's own, and stays that
        assert steady(data(claimed)) == steady(data(plain))


def steady(answered: Any) -> Any:
    """Leave out what differs from one moment to the next."""
    return {**answered, "exported_at": ""} if isinstance(answered, dict) else answered
