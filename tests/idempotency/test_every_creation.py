"""What creates something takes an Idempotency-Key: read from the app's resources, lest a new one be forgotten."""

import re
from collections.abc import Callable
from functools import reduce
from typing import Any

import pytest
from flask import Flask

from flask_api.core import fields
from flask_api.core.idempotency import HEADER, idempotent
from flask_api.core.resource import Namespace, Resource

# Who answers 201 without taking a key, and why.
WITHOUT = {
    ("/emails/codes", "post"): "as with sms-codes; and those who have forgotten their password are not logged in",
    ("/auth/sms-codes", "post"): "sends a message, which no transaction takes back; its own pause keeps a second away",
}


def methods(app: Flask) -> dict[tuple[str, str], Any]:
    """Every Resource method of the app, by its address below ``/api/v1`` and its name."""
    found = {}
    for rule in app.url_map.iter_rules():
        view = getattr(app.view_functions[rule.endpoint], "view_class", None)
        if view is not None and issubclass(view, Resource):
            path = re.sub(r"<\w+:(\w+)>", r"{\1}", rule.rule.removeprefix("/api/v1"))
            found |= {(path, name.lower()): getattr(view, name.lower()) for name in view.methods or ()}
    return found


def test_whatever_answers_201_takes_a_key(app: Flask) -> None:
    creating = {name for name, method in methods(app).items() if 201 in method.__apidoc__["responses"]}
    taking = {name for name, method in methods(app).items() if hasattr(method, "__idempotent__")}
    assert WITHOUT.keys() <= creating - taking
    assert creating - taking - WITHOUT.keys() == set(), "put @idempotent below @ns.body, or give a reason above"


def test_who_takes_a_key_says_so_on_the_page_and_needs_a_login(app: Flask) -> None:
    page = app.test_client().get("/api/swagger.json").get_json()
    for (path, name), method in methods(app).items():
        operation = page["paths"][path][name]
        parameters = [one for one in operation.get("parameters", []) if one["name"] == HEADER]
        takes = hasattr(method, "__idempotent__")
        assert len(parameters) == takes, (path, name)
        assert ("IDEMPOTENCY_KEY_REUSED" in operation["responses"].get("409", {}).get("description", "")) == takes
        if takes:
            assert (parameters[0]["in"], parameters[0].get("required", False)) == ("header", False)
            assert operation["security"], "a key is its caller's own"


ns = Namespace("orders")
shape = ns.request_shape("Order", {"id": fields.RowId()})
answer, body, query = ns.answer(code=201, message="Made"), ns.body(shape), ns.query(shape)


@pytest.mark.parametrize(
    "decorators",
    [[idempotent], [idempotent, body, answer], [idempotent, query, answer], [body, answer, idempotent]],
    ids=["no answer", "above the body", "above the query", "below the answer"],
)
def test_in_another_order_the_app_does_not_start(decorators: list[Callable[[Any], Any]]) -> None:
    def view(*_: Any) -> None:
        raise AssertionError

    with pytest.raises(TypeError, match="@idempotent goes below"):
        reduce(lambda decorated, decorate: decorate(decorated), reversed(decorators), view)
