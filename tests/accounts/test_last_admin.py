"""Somebody must stay in charge, whatever admins do to themselves and to each other."""

from collections.abc import Callable

import pytest
from sqlalchemy import update

from flask_api.users.models import UserAuth
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once

Way = Callable[[Client, Client], tuple[int, str]]
LAST = (409, "LAST_ADMIN")


def leave(me: Client, other: Client) -> tuple[int, str]:
    return failure(me.delete("/auth/account"))


def demote(me: Client, other: Client) -> tuple[int, str]:
    return failure(me.patch(f"/admin/users/{other.user_id}", json={"role": "user"}))


def ban(me: Client, other: Client) -> tuple[int, str]:
    return failure(me.put(f"/admin/users/{other.user_id}/ban"))


WAYS = [leave, demote, ban]


def ids(way: Way) -> str:
    return way.__name__


def active_admins(me: Client) -> int:
    answer = me.get("/admin/users", query_string={"role": "admin", "status": "active"})
    return len(data(answer)["items"]) if answer.status_code == 200 else 0


@pytest.mark.parametrize("way", WAYS, ids=ids)
def test_last_admin_cannot_go(make: Factory, way: Way) -> None:
    me = make.admin()
    make.user()
    assert way(me, me) == LAST
    assert active_admins(me) == 1
    assert data(me.get("/users/me"))["role"] == "admin"


@pytest.mark.parametrize("way", WAYS, ids=ids)
def test_admin_may_go_while_another_is_active(make: Factory, way: Way) -> None:
    me, other = make.admin(), make.admin()
    assert way(me, me) == (200, "SUCCESS")
    assert active_admins(other) == 1


@pytest.mark.parametrize("way", WAYS, ids=ids)
def test_admin_who_is_banned_or_leaving_is_no_replacement(make: Factory, way: Way) -> None:
    me, banned, leaving = make.admin(), make.admin(), make.admin()
    ban(me, banned)
    leave(leaving, leaving)
    assert way(me, me) == LAST


def test_banned_admin_may_be_demoted_by_the_last_one(make: Factory) -> None:
    me, banned = make.admin(), make.admin()
    ban(me, banned)
    assert demote(me, banned) == (200, "SUCCESS")


def test_last_admin_may_be_named_admin_again(make: Factory) -> None:
    me = make.admin()
    assert me.patch(f"/admin/users/{me.user_id}", json={"role": "admin"}).status_code == 200


@pytest.mark.parametrize("way", WAYS, ids=ids)
def test_when_two_admins_dismiss_each_other_at_once_one_stays(make: Factory, way: Way) -> None:
    for _ in range(4):
        first, second = make.admin(), make.admin()
        outcomes = at_once([lambda a=first, b=second: way(a, b), lambda a=first, b=second: way(b, a)])  # type: ignore[misc]
        (gone, _), (refused, _) = sorted(outcomes)
        assert gone == 200, outcomes
        assert refused in (401, 403, 409), outcomes  # dismissed already, or the last one
        [left] = [admin for admin in (first, second) if active_admins(admin)]
        make.execute(update(UserAuth).where(UserAuth.id == left.user_id).values(role="user"))  # for the next round


def test_of_many_admins_who_all_leave_at_once_one_stays(make: Factory) -> None:
    admins = [make.admin() for _ in range(6)]
    codes = at_once([lambda admin=admin: admin.delete("/auth/account").status_code for admin in admins])
    assert sorted(codes) == [200] * 5 + [409]
    assert sum(active_admins(admin) for admin in admins) == 1
