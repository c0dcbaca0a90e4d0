"""Any sequence of requests with keys does what a dict of keys would have it do."""

from dataclasses import dataclass, field
from itertools import count

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from flask_api.core.database import now
from flask_api.core.idempotency_keys import LIFETIME, IdempotencyKey
from tests.clients import Client, data, failure
from tests.factories import Factory
from tests.idempotency.creations import REPLAYED, send

A_DAY, CATEGORIES = "a day", "/blog/categories"
KEYS, NAMES = st.sampled_from(["a", "A", "b"]), st.sampled_from(["Travel", "travel", "Stars"])
STEPS = st.one_of(
    st.tuples(st.just("create"), KEYS, NAMES),
    st.tuples(st.just("delete"), st.none(), NAMES),
    st.tuples(st.just(A_DAY), st.none(), st.none()),
)
_numbers = count()


@dataclass
class Model:
    """What must be so: the categories there are, and the body and answer of each key."""

    ids: dict[str, int] = field(default_factory=dict)
    answers: dict[str, tuple[str, bytes]] = field(default_factory=dict)


def create(admin: Client, model: Model, key: str, name: str) -> None:
    answer = send(admin, CATEGORIES, {"name": name}, key)
    if key in model.answers:
        kept_name, bytes_ = model.answers[key]
        if kept_name == name:
            assert (answer.status_code, answer.data, answer.headers[REPLAYED]) == (201, bytes_, "true")
        else:
            assert failure(answer) == (409, "IDEMPOTENCY_KEY_REUSED")
    elif name in model.ids:
        assert failure(answer) == (409, "CATEGORY_TAKEN")
    else:
        assert (answer.status_code, answer.headers.get(REPLAYED)) == (201, None)
        model.ids[name], model.answers[key] = data(answer)["id"], (name, answer.data)


def run(make: Factory, admin: Client, steps: list[tuple[str, str | None, str | None]]) -> None:
    model, prefix = Model(), f"{next(_numbers)} "
    for what, key, name in steps:
        if what == "create":
            create(admin, model, f"{prefix.strip()}{key}", prefix + str(name))
        elif what == "delete" and prefix + str(name) in model.ids:
            assert admin.delete(f"{CATEGORIES}/{model.ids.pop(prefix + str(name))}").status_code == 200
        elif what == A_DAY:
            make.execute(update(IdempotencyKey).values(created_at=now() - LIFETIME))
            model.answers.clear()
    listed = {category["name"] for category in data(admin.get(CATEGORIES))["items"]}
    assert {name for name in listed if name.startswith(prefix)} == model.ids.keys()
    for category in model.ids.values():
        admin.delete(f"{CATEGORIES}/{category}")


def test_any_sequence_of_requests_does_what_the_model_says(app: Flask, make: Factory) -> None:
    admin = make.admin()

    @settings(max_examples=30, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, max_size=12))
    def check(steps: list[tuple[str, str | None, str | None]]) -> None:
        run(make, admin, steps)

    check()
