"""People who have to do with each other in every way there is, and what may be asked about them."""

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import insert, update

from flask_api.users.models import UserAuth, UserInfo
from flask_api.vip.models import NAMES, Entitlement
from tests.clients import Client, data
from tests.factories import Factory
from tests.jobs_run import run_jobs
from tests.security.operations import OPERATIONS, Operation

NOW = datetime.now(UTC)
FIRST_ID = 73_519_000  # of a user: a number that nothing else has
PLACE = {"latitude": 31.2304, "longitude": 121.4737}
PROFILE = {"birthday": "1996-05-17", "gender": "female", "height_cm": 172, "education": "college", "salary": "5k_8k"}
MOST_PAGES = 20
READS = [operation for operation in OPERATIONS if operation.method == "GET"]


@dataclass(frozen=True)
class Person:
    """Somebody, and a word that everything has in it that he wrote."""

    client: Client
    word: str
    post_id: int

    @property
    def id(self) -> int:
        assert self.client.user_id is not None
        return self.client.user_id

    def trace_in(self, answer: Any) -> list[str]:
        """Return what of him an answer shows, in its text or in a cursor."""
        texts = [answer.get_data(as_text=True)]
        texts += [decoded(cursor) for cursor in re.findall(r'"next_cursor":"([^"]+)"', texts[0])]
        return [trace for trace in (self.word, str(self.id)) if any(trace in text for text in texts)]


def decoded(cursor: str) -> str:
    raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    return raw.decode("latin-1")


class Neighbours:
    """Three people at one place who like each other, have looked at each other, and have something of everything."""

    def __init__(self, make: Factory) -> None:
        self.make = make
        self.admin = make.admin()
        self._begin_with_large_ids()
        self.category_id = make.category()
        label = {"name": "Climbing", "kind": "interest", "gender": "any"}
        self.label_id = data(self.admin.post("/labels", json=label))["id"]
        self.one, self.other, self.third = (self._settle(word) for word in ("Quokka", "Wombat", "Numbat"))
        for me in self.people:
            for whom in self.people:
                if me is not whom:
                    self._meet(me, whom)
        run_jobs(make.app)

    @property
    def people(self) -> tuple[Person, Person, Person]:
        return self.one, self.other, self.third

    def _begin_with_large_ids(self) -> None:
        self.make.execute(insert(UserAuth).values(id=FIRST_ID, phone="+8613099999999", status="banned"))
        self.make.execute(insert(UserInfo).values(user_id=FIRST_ID, nickname="Nobody", is_active=False))

    def _settle(self, word: str) -> Person:
        client = self.make.user(nickname=f"{word} nickname")
        for method, path, body in (
            ("PATCH", "/users/me", {**PROFILE, "bio": f"{word} bio"}),
            ("PUT", "/users/me/place", PLACE),
            ("PUT", "/users/me/labels", {"label_ids": [self.label_id]}),
        ):
            assert client.call(method, path, json=body).status_code == 200, path
        self.make.photo(client, caption=f"{word} caption")
        avatar = update(UserInfo).where(UserInfo.user_id == client.user_id).values(avatar=f"/media/{word}.jpg")
        self.make.execute(avatar)
        held = [{"user_id": client.user_id, "name": name, "until": NOW + timedelta(days=1)} for name in NAMES]
        self.make.execute(insert(Entitlement).values(held))
        return Person(client, word, self.make.post(client, self.category_id, f"{word} title", f"{word} body"))

    def _meet(self, me: Person, whom: Person) -> None:
        assert me.client.put(f"/likes/{whom.id}").status_code == 200
        assert me.client.get(f"/users/{whom.id}").status_code == 200
        told = {"user_id": whom.id, "kind": "profile", "reason": "spam", "text": f"{me.word} tells"}
        assert me.client.post("/reports", json=told).status_code == 201

    def addresses(self, operation: Operation, about: Person) -> Iterator[str]:
        """Yield the addresses that ask an operation about somebody: plain, and with each of its parameters."""
        ids: dict[str, Any] = {
            "user_id": about.id,
            "author_id": about.id,
            "post_id": about.post_id,
            "category_id": self.category_id,
            "label_id": self.label_id,
            "upload_id": 1,
            "year": NOW.year,
            "month": NOW.month,
            "day": NOW.day,
        }
        path = operation.path.format_map(ids)
        yield path
        for name, parameter in operation.query.items():
            for value in values_of(name, parameter, ids):
                yield f"{path}?{urlencode({name: value})}"


# Values that all three pass; whatever is not named here is tried with what the page says of it.
PASSED: dict[str, list[Any]] = {
    "age_min": [18],
    "age_max": [80],
    "height_min": [150],
    "height_max": [200],
    "limit": [1, 100],
    "page": [1],
    "per_page": [100],
}


def values_of(name: str, parameter: dict[str, Any], ids: dict[str, Any]) -> list[Any]:
    """Return the values to try a parameter with."""
    if name == "cursor":
        return []  # every page is followed
    if name in ids or name in PASSED:
        return [ids[name]] if name in ids else PASSED[name]
    if parameter["type"] == "array":
        return values_of(name, parameter["items"], ids)
    by_type = {"boolean": ["true", "false"], "integer": [parameter.get("minimum", 1)]}
    return parameter.get("enum") or by_type.get(parameter["type"], ["x"])


def pages(client: Client, address: str) -> Iterator[Any]:
    """Yield the answers of an address: of a list, of all its pages."""
    following = ""
    for _ in range(MOST_PAGES):
        answer = client.get(address + following)
        yield answer
        found = re.search(r'"next_cursor":"([^"]+)"', answer.get_data(as_text=True))
        if found is None:
            return
        following = f"{'&' if '?' in address else '?'}cursor={found[1]}"
    raise AssertionError(f"{address} does not end")
