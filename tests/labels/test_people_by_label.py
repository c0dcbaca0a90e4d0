"""Finding people by a label."""

from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.labels.test_picking_labels import new_label


def holders(make: Factory, label_id: int, number: int) -> list[Client]:
    people = [make.user() for _ in range(number)]
    for person in people:
        assert person.put("/users/me/labels", json={"label_ids": [label_id]}).status_code == 200
    return people


def ids(client: Client, path: str) -> list[int]:
    return [item["person"]["id"] for item in data(client.get(path))["items"]]


def test_people_with_a_label_are_listed_newest_member_first_without_myself(make: Factory) -> None:
    label_id, other = new_label(make.admin()), new_label(make.admin(), "Running")
    first, second, third = holders(make, label_id, 3)
    holders(make, other, 1)
    assert ids(second, f"/labels/{label_id}/people") == [third.user_id, first.user_id]
    page = data(second.get(f"/labels/{label_id}/people?limit=1"))
    assert [item["person"]["id"] for item in page["items"]] == [third.user_id]
    assert ids(second, f"/labels/{label_id}/people?limit=1&cursor={page['next_cursor']}") == [first.user_id]


def test_whom_i_may_not_know_of_is_not_listed(make: Factory) -> None:
    admin, me = make.admin(), make.user()
    label_id = new_label(admin)
    hidden, banned, shown = holders(make, label_id, 3)
    hidden.patch("/users/me", json={"visibility": "nobody"})
    admin.put(f"/admin/users/{banned.user_id}/ban")
    assert ids(me, f"/labels/{label_id}/people") == [shown.user_id]


def test_cursor_of_another_list_is_refused(make: Factory) -> None:
    me, label_id = make.user(), new_label(make.admin())
    holders(make, label_id, 2)
    cursor = data(me.get("/search/people?order=new&limit=1"))["next_cursor"]
    assert failure(me.get(f"/labels/{label_id}/people?cursor={cursor}")) == (400, "BAD_CURSOR")
    assert failure(me.get("/labels/999/people")) == (404, "LABEL_NOT_FOUND")
