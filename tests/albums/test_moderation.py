"""Photos that admins look at before others do."""

import pytest
from sqlalchemy import update

from flask_api.core.database import now
from flask_api.uploads.models import Upload
from flask_api.users.models import UserInfo
from tests.albums.test_my_album import ready
from tests.clients import Client, data, failure
from tests.factories import Factory


def queue(admin: Client, **query: object) -> list[int]:
    return [item["id"] for item in data(admin.get("/admin/photos", query_string=query))["items"]]


def shown(viewer: Client, owner: Client) -> int:
    return len(data(viewer.get(f"/users/{owner.user_id}/photos"))["items"])


def test_queue_has_what_waits_oldest_first(make: Factory) -> None:
    admin, one, other = make.admin(), make.user(), make.user()
    waiting = [make.photo(one, state="pending"), make.photo(other, state="pending"), make.photo(one, "b", 2, "pending")]
    approved, refused = make.photo(other, "b", 2), make.photo(other, "c", 3, "refused")
    assert queue(admin) == waiting
    assert (queue(admin, state="approved"), queue(admin, state="refused")) == ([approved], [refused])


def test_queue_comes_in_pages(make: Factory) -> None:
    admin, owner = make.admin(), make.user()
    waiting = [make.photo(owner, position=position, state="pending") for position in range(1, 6)]
    page = data(admin.get("/admin/photos?limit=2"))
    rest = data(admin.get("/admin/photos", query_string={"limit": 3, "cursor": page["next_cursor"]}))
    assert [item["id"] for item in page["items"] + rest["items"]] == waiting
    assert rest["next_cursor"] is None
    posts = data(admin.get("/admin/users?limit=1"))["next_cursor"]
    assert failure(admin.get(f"/admin/photos?cursor={posts}")) == (400, "BAD_CURSOR")


def test_approved_photo_is_seen_by_others_and_a_refused_one_is_not(make: Factory) -> None:
    admin, owner, viewer = make.admin(), make.user(), make.user()
    photo_id = make.photo(owner, state="pending")
    review = f"/admin/photos/{photo_id}/review"
    assert shown(viewer, owner) == 0
    assert data(admin.post(review, json={"state": "approved"}))["state"] == "approved"
    assert shown(viewer, owner) == 1
    assert data(viewer.get(f"/users/{owner.user_id}"))["photo_count"] == 1
    admin.post(review, json={"state": "refused", "reason": "advertising"})
    assert shown(viewer, owner) == 0
    [mine] = data(owner.get("/users/me/photos"))["items"]
    assert (mine["state"], mine["reason"]) == ("refused", "advertising")
    assert queue(admin) == []


def test_refused_photo_is_the_avatar_no_longer(make: Factory) -> None:
    admin, owner = make.admin(), make.user()
    photo_id = make.photo(owner)
    owner.put("/users/me/avatar", json={"photo_id": photo_id})
    admin.post(f"/admin/photos/{photo_id}/review", json={"state": "refused", "reason": "nudity"})
    assert data(owner.get("/users/me"))["avatar"] is None
    admin.post(f"/admin/photos/{photo_id}/review", json={"state": "approved"})
    assert data(owner.get("/users/me"))["avatar"] is None


@pytest.mark.parametrize("way", ["refused", "deleted", "deleted by an admin"])
def test_choice_that_comes_to_nothing_leaves_the_avatar_that_is_shown_chosen(make: Factory, way: str) -> None:
    admin, owner = make.admin(), make.user()
    first, waiting = make.photo(owner), make.photo(owner, "b", 2, "pending")
    for photo_id in (first, waiting):
        owner.put("/users/me/avatar", json={"photo_id": photo_id})
    if way == "refused":
        admin.post(f"/admin/photos/{waiting}/review", json={"state": "refused", "reason": "nudity"})
    elif way == "deleted":
        owner.delete(f"/users/me/photos/{waiting}")
    else:
        admin.delete(f"/admin/photos/{waiting}")
    chosen = [photo["id"] for photo in data(owner.get("/users/me/photos"))["items"] if photo["is_avatar"]]
    assert (chosen, data(owner.get("/users/me"))["avatar"]) == ([first], "/media/1.jpg")


def test_admin_deletes_a_photo_and_its_files_whatever_its_state(make: Factory) -> None:
    admin, owner, viewer = make.admin(), make.user(), make.user()
    make.photo(owner)
    upload_id = ready(make, owner, 1)
    photo_id = data(owner.post("/users/me/photos", json={"upload_id": upload_id}))["id"]
    admin.post(f"/admin/photos/{photo_id}/review", json={"state": "approved"})
    owner.put("/users/me/avatar", json={"photo_id": photo_id})
    admin.post(f"/admin/photos/{photo_id}/review", json={"state": "refused", "reason": "under_age"})
    assert admin.delete(f"/admin/photos/{photo_id}").status_code == 200
    assert failure(admin.delete(f"/admin/photos/{photo_id}")) == (404, "PHOTO_NOT_FOUND")
    assert failure(owner.get(f"/uploads/{upload_id}")) == (404, "UPLOAD_NOT_FOUND")
    assert [photo["position"] for photo in data(owner.get("/users/me/photos"))["items"]] == [1]
    assert (shown(viewer, owner), data(owner.get("/users/me"))["avatar"]) == (1, None)


def test_admin_takes_away_an_avatar_of_the_release_before_with_its_file(make: Factory) -> None:
    """It is of no album, so no review reaches it."""
    admin, owner, viewer = make.admin(), make.user(), make.user()
    upload_id = ready(make, owner, 1)
    make.execute(update(Upload).values(kind="avatar", used_at=now()))
    make.execute(update(UserInfo).where(UserInfo.user_id == owner.user_id).values(avatar="/media/public/1/1.jpg"))
    assert admin.delete(f"/admin/users/{owner.user_id}/avatar").status_code == 200
    assert data(viewer.get(f"/users/{owner.user_id}"))["avatar"] is None
    assert failure(owner.get(f"/uploads/{upload_id}")) == (404, "UPLOAD_NOT_FOUND")
    assert failure(admin.delete("/admin/users/999999/avatar")) == (404, "USER_NOT_FOUND")


def test_avatar_that_an_admin_took_away_does_not_come_back_by_itself(make: Factory) -> None:
    admin, owner = make.admin(), make.user()
    waiting = make.photo(owner, state="pending")
    owner.put("/users/me/avatar", json={"photo_id": waiting})
    admin.delete(f"/admin/users/{owner.user_id}/avatar")
    admin.post(f"/admin/photos/{waiting}/review", json={"state": "approved"})
    assert data(owner.get("/users/me"))["avatar"] is None


@pytest.mark.parametrize(
    "sent",
    [{"state": "refused"}, {"state": "approved", "reason": "other"}, {"state": "refused", "reason": "ugly"},
     {"state": "pending"}, {}],
)  # fmt: skip
def test_review_without_its_reason_or_with_an_odd_one_changes_nothing(make: Factory, sent: dict[str, str]) -> None:
    admin, owner = make.admin(), make.user()
    photo_id = make.photo(owner, state="pending")
    assert failure(admin.post(f"/admin/photos/{photo_id}/review", json=sent)) == (400, "INVALID_FIELD")
    assert queue(admin) == [photo_id]


def test_missing_photo_cannot_be_reviewed(make: Factory) -> None:
    answer = make.admin().post("/admin/photos/999/review", json={"state": "approved"})
    assert failure(answer) == (404, "PHOTO_NOT_FOUND")


def test_only_admins_review(make: Factory) -> None:
    owner = make.user()
    photo_id = make.photo(owner, state="pending")
    answers = [owner.get("/admin/photos"), owner.post(f"/admin/photos/{photo_id}/review", json={"state": "approved"})]
    assert {failure(answer) for answer in answers} == {(403, "ROLE_MISSING")}
