"""What admins decide about photos, and what they let people do, leaves an entry."""

from tests.audit.conftest import Entries
from tests.audit.world import World, told
from tests.factories import Factory


def test_review_of_a_photo_leaves_one_entry_about_its_owner(world: World, make: Factory, new_entries: Entries) -> None:
    photo_id = make.photo(world.user, state="pending")
    for sent in ({"state": "approved"}, {"state": "refused", "reason": "nudity"}):
        assert world.admin.post(f"/admin/photos/{photo_id}/review", json=sent).status_code == 200
    assert [told(entry) for entry in new_entries()] == [
        ("photo_reviewed", world.admin.user_id, world.user.user_id, {"photo_id": photo_id, "state": state})
        for state in ("approved", "refused")
    ]


def test_photo_and_avatar_that_an_admin_takes_away_leave_one_entry_each(
    world: World, make: Factory, new_entries: Entries
) -> None:
    photo_id = make.photo(world.user)
    for path in (f"/admin/photos/{photo_id}", f"/admin/users/{world.user.user_id}/avatar"):
        assert world.admin.delete(path).status_code == 200
    assert [told(entry) for entry in new_entries()] == [
        ("photo_deleted", world.admin.user_id, world.user.user_id, {"photo_id": photo_id}),
        ("avatar_removed", world.admin.user_id, world.user.user_id, {}),
    ]


def test_entitlement_leaves_one_entry_about_who_has_it(world: World, new_entries: Entries) -> None:
    until = "2099-01-01T00:00:00+00:00"
    path = f"/admin/users/{world.user.user_id}/entitlements/visitors"
    assert world.admin.put(path, json={"until": until}).status_code == 200
    [entry] = new_entries()
    expected = {"entitlement": "visitors", "until": until}
    assert told(entry) == ("entitlement_set", world.admin.user_id, world.user.user_id, expected)
