"""The catalogue of labels, and giving oneself some."""

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory, at_once


def new_label(admin: Client, name: str = "Climbing", **columns: str) -> int:
    sent = {"name": name, "kind": "interest", "gender": "any", **columns}
    return int(data(admin.post("/labels", json=sent))["id"])


def names(answer: dict[str, list[dict[str, str]]]) -> list[str]:
    return [item["name"] for item in answer["items"]]


def test_labels_are_listed_by_kind_and_name_for_a_gender_and_for_all(make: Factory) -> None:
    admin, me = make.admin(), make.user()
    new_label(admin, "Running")
    new_label(admin, "Calm", kind="character")
    new_label(admin, "Handy", gender="male")
    assert names(data(me.get("/labels"))) == ["Calm", "Handy", "Running"]
    assert names(data(me.get("/labels?gender=female"))) == ["Calm", "Running"]


def test_picked_labels_take_the_place_of_those_before(make: Factory) -> None:
    admin, me = make.admin(), make.user()
    first, second, third = (new_label(admin, name) for name in "ABC")
    assert names(data(me.put("/users/me/labels", json={"label_ids": [first, second]}))) == ["A", "B"]
    assert names(data(me.put("/users/me/labels", json={"label_ids": [third, second]}))) == ["B", "C"]
    assert names(data(me.get("/users/me/labels"))) == ["B", "C"]
    assert data(me.put("/users/me/labels", json={"label_ids": []})) == {"items": []}


def test_label_that_is_not_there_or_for_another_gender_is_refused_and_nothing_changes(make: Factory) -> None:
    admin, me = make.admin(), make.user()
    mine, for_men, retired = new_label(admin, "A"), new_label(admin, "B", gender="male"), new_label(admin, "C")
    admin.patch(f"/labels/{retired}", json={"is_active": False})
    me.patch("/users/me", json={"gender": "female"})
    me.put("/users/me/labels", json={"label_ids": [mine]})
    for other in (for_men, retired, 999):
        answer = me.put("/users/me/labels", json={"label_ids": [mine, other]})
        assert failure(answer) == (400, "INVALID_FIELD")
        assert answer.get_json()["field"] == "label_ids"
    assert names(data(me.get("/users/me/labels"))) == ["A"]
    me.patch("/users/me", json={"gender": "male"})
    assert names(data(me.put("/users/me/labels", json={"label_ids": [for_men]}))) == ["B"]


@pytest.mark.parametrize("label_ids", [[*range(1, 12)], [1, 1], ["1"], [0], None])
def test_more_than_ten_labels_or_one_twice_or_no_id_is_refused(make: Factory, label_ids: object) -> None:
    assert failure(make.user().put("/users/me/labels", json={"label_ids": label_ids})) == (400, "INVALID_FIELD")


def test_ten_labels_are_the_most_even_when_several_choices_arrive_at_once(make: Factory) -> None:
    admin, me = make.admin(), make.user()
    ids = [new_label(admin, f"Label {number}") for number in range(20)]
    choices = [ids[:10], ids[10:]] * 8
    answers = at_once(
        [lambda chosen=chosen: me.put("/users/me/labels", json={"label_ids": chosen}) for chosen in choices]
    )
    assert {answer.status_code for answer in answers} == {200}
    kept = [item["id"] for item in data(me.get("/users/me/labels"))["items"]]
    assert sorted(kept) in (ids[:10], ids[10:])


def test_label_out_of_use_is_shown_on_nobody_and_comes_back(make: Factory) -> None:
    admin, me, other = make.admin(), make.user(), make.user()
    label_id = new_label(admin)
    me.put("/users/me/labels", json={"label_ids": [label_id]})
    admin.patch(f"/labels/{label_id}", json={"is_active": False})
    assert data(me.get("/users/me/labels")) == data(me.get("/labels")) == {"items": []}
    assert failure(other.get(f"/labels/{label_id}/people")) == (404, "LABEL_NOT_FOUND")
    assert names(data(admin.get("/admin/labels"))) == ["Climbing"]
    admin.patch(f"/labels/{label_id}", json={"is_active": True, "name": "Bouldering"})
    assert names(data(me.get("/users/me/labels"))) == ["Bouldering"]


def test_two_labels_of_one_name_are_refused_unless_they_are_for_others(make: Factory) -> None:
    admin = make.admin()
    label_id = new_label(admin)
    again = {"name": "Climbing", "kind": "interest", "gender": "any"}
    assert failure(admin.post("/labels", json=again)) == (409, "LABEL_TAKEN")
    for_men = new_label(admin, gender="male")
    assert failure(admin.patch(f"/labels/{for_men}", json={"gender": "any"})) == (409, "LABEL_TAKEN")
    assert failure(admin.patch("/labels/999", json={"gender": "any"})) == (404, "LABEL_NOT_FOUND")
    assert admin.delete(f"/labels/{label_id}").status_code == 200
    assert failure(admin.delete(f"/labels/{label_id}")) == (404, "LABEL_NOT_FOUND")


def test_label_that_somebody_has_is_not_deleted(make: Factory) -> None:
    admin, me = make.admin(), make.user()
    label_id = new_label(admin)
    me.put("/users/me/labels", json={"label_ids": [label_id]})
    assert failure(admin.delete(f"/labels/{label_id}")) == (409, "LABEL_HELD")
    me.put("/users/me/labels", json={"label_ids": []})
    assert admin.delete(f"/labels/{label_id}").status_code == 200


def test_my_labels_are_in_my_export(make: Factory) -> None:
    me, label_id = make.user(), new_label(make.admin())
    me.put("/users/me/labels", json={"label_ids": [label_id]})
    assert data(me.get("/auth/account/export"))["data"]["labels"] == [{"name": "Climbing", "kind": "interest"}]
