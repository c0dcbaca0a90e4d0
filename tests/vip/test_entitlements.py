"""What members may do: who has it, until when, and who may say so."""

from datetime import timedelta

import pytest

from flask_api.core.database import now
from flask_api.vip.entitlements import has
from flask_api.vip.models import NAMES
from tests.clients import Client, data, failure
from tests.factories import Factory

TOMORROW = (now() + timedelta(days=1)).isoformat()
YESTERDAY = (now() - timedelta(days=1)).isoformat()


def entitle(admin: Client, whom: Client, name: str = "visitors", until: str = TOMORROW) -> tuple[int, str]:
    return failure(admin.put(f"/admin/users/{whom.user_id}/entitlements/{name}", json={"until": until}))


def held(whom: Client) -> list[str]:
    return [item["name"] for item in data(whom.get("/users/me/entitlements"))["items"]]


@pytest.mark.parametrize("name", NAMES)
def test_entitlement_holds_until_its_end_and_is_nobody_elses(make: Factory, name: str) -> None:
    admin, me, somebody = make.admin(), make.user(), make.user()
    assert entitle(admin, me, name) == (200, "SUCCESS")
    assert (held(me), held(somebody)) == ([name], [])
    assert me.user_id is not None
    with make.app.app_context():
        assert [has(me.user_id, each) for each in NAMES] == [each == name for each in NAMES]
    entitle(admin, me, name, YESTERDAY)
    assert held(me) == []
    with make.app.app_context():
        assert not has(me.user_id, name)


def test_later_end_takes_the_place_of_the_one_before(make: Factory) -> None:
    admin, me = make.admin(), make.user()
    for until in (TOMORROW, "2099-01-01T00:00:00Z"):
        entitle(admin, me, until=until)
    [item] = data(me.get("/users/me/entitlements"))["items"]
    assert item == {"name": "visitors", "until": "2099-01-01T00:00:00Z"}


def test_unknown_name_and_missing_user_are_404(make: Factory) -> None:
    admin, me = make.admin(), make.user()
    assert entitle(admin, me, "flying") == (404, "ENTITLEMENT_UNKNOWN")
    assert entitle(admin, Client(make.app, user_id=99999)) == (404, "USER_NOT_FOUND")


def test_nobody_entitles_himself(make: Factory) -> None:
    me = make.user()
    assert entitle(me, me) == (403, "ROLE_MISSING")
    assert held(me) == []
