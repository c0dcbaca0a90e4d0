"""Who sees what of whom: viewer × visibility × every field of profiles and cards, read from the page."""

from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import update

from flask_api.nearby.places import BANDS
from flask_api.users.models import VISIBILITIES, UserAuth, UserInfo
from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.jobs_run import run_jobs
from tests.security.operations import page

VIEWERS = ("nobody logged in", "stranger", "liked", "match", "has blocked", "is blocked", "admin", "self")
SEEN_BY = {
    "everyone": {"stranger", "liked", "match", "admin", "self"},
    "liked": {"liked", "match", "self"},
    "nobody": {"self"},
}
SAID: dict[str, Any] = {
    "nickname": "Quokka",
    "gender": "female",
    "emotional_state": "single",
    "height_cm": 172,
    "orientation": "bisexual",
    "education": "college",
    "salary": "5k_8k",
    "bio": "Climbs, cooks, reads maps.",
}
BIRTHDAY, AGE = "1936-05-17", 90
PLACE = {"latitude": 31.2304, "longitude": 121.4737}
WISHES = {"gender": "other", "age_min": 61, "age_max": 67}
EMAIL = "quokka@example.com"
# What a viewer never reads of somebody.
SECRETS = (BIRTHDAY, EMAIL, "31.2", "121.4", "seeks", "wishes", "visibility", "active_at", "role", "password", "phone")


@dataclass(frozen=True)
class Scene:
    owner: Client
    viewer: Client
    phone: str
    label_id: int

    def expected(self, who: str) -> dict[str, Any]:
        """What each field of a profile shows to a viewer who sees it; a set of values where any of them is right."""
        return {
            **SAID,
            "id": self.owner.user_id,
            "age": AGE,
            "avatar": "/media/q.jpg",
            "active": "today",
            "labels": [{"id": self.label_id, "name": "Climbing", "kind": "interest"}],
            "photo_count": 1,
            "distance": {None} if who == "self" else set(BANDS),
            "liked_by_me": who == "match",
            "is_match": who == "match",
        }


def stage(make: Factory, who: str, visibility: str) -> Scene:
    """Put owner and viewer on, with all that the owner has."""
    admin, phone = make.admin(), make.phone()
    owner = make.user(phone)
    viewer = {"admin": admin, "self": owner, "nobody logged in": Client(make.app)}.get(who) or make.user()
    label = {"name": "Climbing", "kind": "interest", "gender": "any"}
    label_id = data(admin.post("/labels", json=label))["id"]
    for me in (owner, viewer) if viewer.user_id else (owner,):
        assert me.put("/users/me/place", json=PLACE).status_code == 200
    owner.patch("/users/me", json={**SAID, "birthday": BIRTHDAY})
    owner.put("/users/me/labels", json={"label_ids": [label_id]})
    owner.put("/users/me/wishes", json=WISHES)
    make.photo(owner)
    make.photo(owner, position=2, state="pending")
    make.execute(update(UserInfo).where(UserInfo.user_id == owner.user_id).values(avatar="/media/q.jpg"))
    make.execute(update(UserAuth).where(UserAuth.id == owner.user_id).values(email=EMAIL))
    relate(who, owner, viewer)
    make.user().put(f"/likes/{owner.user_id}")  # who was liked is hot
    owner.patch("/users/me", json={"visibility": visibility})
    run_jobs(make.app)
    return Scene(owner, viewer, phone, label_id)


def relate(who: str, owner: Client, viewer: Client) -> None:
    if who in ("liked", "match"):
        owner.put(f"/likes/{viewer.user_id}")
    if who == "match":
        viewer.put(f"/likes/{owner.user_id}")
    if who == "has blocked":
        viewer.put(f"/blocks/{owner.user_id}")
    if who == "is blocked":
        owner.put(f"/blocks/{viewer.user_id}")


def fields_of(shape: str) -> set[str]:
    return set(page()["definitions"][shape]["properties"])


def differing(shown: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    """Return the fields that do not show what they should."""
    right = {name: value if isinstance(value, set) else None for name, value in expected.items()}
    return {
        name: value
        for name, value in shown.items()
        if (value not in right[name] if right[name] is not None else value != expected[name])
    }


def secrets_in(answer: Any, scene: Scene) -> list[str]:
    text = answer.get_data(as_text=True)
    return [secret for secret in (*SECRETS, scene.phone) if secret in text]


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("who", VIEWERS)
def test_profile_shows_each_field_to_those_who_may_see_it(make: Factory, who: str, visibility: str) -> None:
    scene = stage(make, who, visibility)
    answer = scene.viewer.get(f"/users/{scene.owner.user_id}")
    if who == "nobody logged in":
        assert failure(answer) == (401, "TOKEN_MISSING")
    elif who in SEEN_BY[visibility]:
        shown = data(answer)
        assert shown.keys() == scene.expected(who).keys() == fields_of("Profile"), "say who sees the new field"
        assert differing(shown, scene.expected(who)) == {}
    else:
        assert failure(answer) == (404, "USER_NOT_FOUND")
        assert SAID["nickname"] not in answer.get_data(as_text=True)
    assert secrets_in(answer, scene) == []


LISTS = ("/search/people?limit=100", "/labels/{label_id}/people?limit=100", "/nearby?limit=100", "/hot?limit=100")


@pytest.mark.parametrize("visibility", VISIBILITIES)
@pytest.mark.parametrize("who", VIEWERS)
def test_card_shows_each_field_to_those_who_may_see_it(make: Factory, who: str, visibility: str) -> None:
    """In lists nobody meets himself."""
    scene = stage(make, who, visibility)
    for path in LISTS:
        answer = scene.viewer.get(path.format(label_id=scene.label_id))
        if who == "nobody logged in":
            assert failure(answer) == (401, "TOKEN_MISSING")
            continue
        shown = [item["person"] for item in data(answer)["items"] if item["person"]["id"] == scene.owner.user_id]
        is_shown = who in SEEN_BY[visibility] - {"self"}
        assert len(shown) == is_shown, path
        for card in shown:
            assert card.keys() == fields_of("Person"), "say who sees the new field"
            assert differing(card, scene.expected(who)) == {}
        assert secrets_in(answer, scene) == []


def test_hidden_place_has_no_distance(make: Factory) -> None:
    scene = stage(make, "stranger", "everyone")
    assert data(scene.viewer.get(f"/users/{scene.owner.user_id}"))["distance"] in BANDS
    scene.owner.patch("/users/me/place", json={"is_hidden": True})
    assert data(scene.viewer.get(f"/users/{scene.owner.user_id}"))["distance"] is None
