"""Looking at somebody's photos."""

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory


def captions(viewer: Client, owner: Client) -> list[str]:
    return [photo["caption"] for photo in data(viewer.get(f"/users/{owner.user_id}/photos"))["items"]]


def test_photos_come_in_their_owners_order(make: Factory) -> None:
    owner, viewer = make.user(), make.user()
    for position, caption in ((2, "second"), (3, "third"), (1, "first")):
        make.photo(owner, caption, position)
    make.photo(viewer, "of somebody else")
    assert captions(viewer, owner) == ["first", "second", "third"]
    assert captions(owner, owner) == ["first", "second", "third"]


def test_photo_shows_id_url_caption_and_time(make: Factory) -> None:
    owner = make.user()
    make.photo(owner)
    [photo] = data(owner.get(f"/users/{owner.user_id}/photos"))["items"]
    assert photo.keys() == {"id", "url", "thumbnail_url", "caption", "created_at"}
    assert photo["url"] == "/media/1.jpg"
    assert photo["created_at"].endswith("Z")


@pytest.mark.parametrize("state", ["pending", "refused"])
def test_photo_that_is_not_approved_is_shown_to_nobody_else(make: Factory, state: str) -> None:
    owner, viewer = make.user(), make.user()
    make.photo(owner, state=state)
    assert captions(viewer, owner) == captions(owner, owner) == []
    assert [photo["state"] for photo in data(owner.get("/users/me/photos"))["items"]] == [state]


def test_album_without_photos_is_an_empty_list(make: Factory) -> None:
    assert captions(make.user(), make.user()) == []


def test_list_is_never_longer_than_an_album_may_be(make: Factory) -> None:
    owner = make.user()
    for position in range(1, 36):
        make.photo(owner, position=position)
    assert len(captions(owner, owner)) == 30


@pytest.mark.parametrize("visibility", ["nobody", "liked"])
def test_album_of_a_hidden_profile_is_404_to_others(make: Factory, visibility: str) -> None:
    owner, viewer = make.user(), make.user()
    make.photo(owner)
    owner.patch("/users/me", json={"visibility": visibility})
    assert failure(viewer.get(f"/users/{owner.user_id}/photos")) == (404, "USER_NOT_FOUND")
    assert len(captions(owner, owner)) == 1


def test_album_of_a_banned_or_missing_user_is_404(make: Factory) -> None:
    owner, viewer, admin = make.user(), make.user(), make.admin()
    make.photo(owner)
    admin.put(f"/admin/users/{owner.user_id}/ban")
    for user_id in (owner.user_id, 999999):
        assert failure(viewer.get(f"/users/{user_id}/photos")) == (404, "USER_NOT_FOUND")


def test_photos_need_a_login(make: Factory, client: Client) -> None:
    assert failure(client.get(f"/users/{make.user().user_id}/photos")) == (401, "TOKEN_MISSING")
