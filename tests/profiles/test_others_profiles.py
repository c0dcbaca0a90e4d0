"""What others see of somebody, and who sees nothing."""

from typing import Any

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory

NOBODY = (404, "USER_NOT_FOUND")
SHOWN = {"id", "nickname", "gender", "age", "avatar", "emotional_state", "height_cm", "orientation", "education"}
SHOWN |= {"salary", "bio", "active", "labels", "distance", "photo_count", "liked_by_me", "is_match"}


def see(viewer: Client, whom: Client) -> tuple[int, str]:
    return failure(viewer.get(f"/users/{whom.user_id}"))


def test_profile_shows_what_people_say_of_themselves_and_nothing_else(make: Factory) -> None:
    phone = make.phone()
    whom: Any = {"nickname": "Lin", "gender": "female", "height_cm": 172, "bio": "Maps.", "birthday": "1996-05-17"}
    somebody, viewer = make.user(phone), make.user()
    somebody.patch("/users/me", json=whom)
    answer = viewer.get(f"/users/{somebody.user_id}")
    assert data(answer).keys() == SHOWN
    birthday = whom.pop("birthday")
    assert {name: data(answer)[name] for name in whom} == whom
    assert birthday not in answer.get_data(as_text=True)
    assert phone not in answer.get_data(as_text=True)


def test_even_an_admin_does_not_see_the_phone_there(make: Factory) -> None:
    phone = make.phone()
    somebody = make.user(phone)
    assert phone not in make.admin().get(f"/users/{somebody.user_id}").get_data(as_text=True)


@pytest.mark.parametrize("visibility", ["nobody", "liked"])
def test_profile_that_is_not_for_everyone_is_404_to_others(make: Factory, visibility: str) -> None:
    somebody, viewer = make.user(), make.user()
    somebody.patch("/users/me", json={"visibility": visibility})
    assert see(viewer, somebody) == NOBODY
    assert see(somebody, somebody) == (200, "SUCCESS")
    somebody.patch("/users/me", json={"visibility": "everyone"})
    assert see(viewer, somebody) == (200, "SUCCESS")


def test_hidden_and_missing_users_look_the_same(make: Factory) -> None:
    somebody, viewer = make.user(), make.user()
    somebody.patch("/users/me", json={"visibility": "nobody"})
    hidden = viewer.get(f"/users/{somebody.user_id}").get_json()
    missing = viewer.get("/users/999999").get_json()
    assert {**hidden, "request_id": ""} == {**missing, "request_id": ""}


def test_banned_user_is_404_until_the_ban_is_lifted(make: Factory) -> None:
    somebody, viewer, admin = make.user(), make.user(), make.admin()
    admin.put(f"/admin/users/{somebody.user_id}/ban")
    assert see(viewer, somebody) == NOBODY
    assert see(admin, somebody) == NOBODY
    admin.delete(f"/admin/users/{somebody.user_id}/ban")
    assert see(viewer, somebody) == (200, "SUCCESS")


def test_leaving_user_is_404(make: Factory) -> None:
    somebody, viewer = make.user(), make.user()
    somebody.delete("/auth/account")
    assert see(viewer, somebody) == NOBODY


def test_who_i_am_cannot_be_named_in_the_query(make: Factory) -> None:
    me, other = make.user(), make.user()
    for name in ("userId", "user_id", "id"):
        answer = me.get("/users/me", query_string={name: other.user_id})
        assert answer.status_code == 400 or data(answer)["id"] == me.user_id


def test_profiles_need_a_login(make: Factory, client: Client) -> None:
    assert see(client, make.user()) == (401, "TOKEN_MISSING")
