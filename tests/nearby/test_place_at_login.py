"""A login that tells the place as well."""

from typing import Any

import pytest
from flask import Flask
from redis.exceptions import ConnectionError as RedisConnectionError
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from flask_api.nearby import places
from flask_api.nearby.models import Location
from flask_api.nearby.sphere import Point, distance
from flask_api.setting_kinds import Quota
from flask_api.settings import Settings
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory
from tests.nearby.town import CENTRE, away

HOME = CENTRE._asdict()


def kept(make: Factory) -> list[Any]:
    return list(make.execute(select(Location.__table__)))


def test_login_may_tell_the_place(client: Client, make: Factory) -> None:
    phone = make.phone()
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    login = data(client.post("/auth/sms-login", json={"phone": phone, "code": code, "place": HOME}))
    me = Client(client.app, login["token"], login["user_id"])
    assert data(me.get("/users/me/place"))["placed_at"] is not None
    me.put("/auth/password", json={"new_password": "correct horse"}, headers=me.prove())
    elsewhere = away(100)._asdict()
    client.post("/auth/password-login", json={"phone": phone, "password": "correct horse", "place": elsewhere})
    [row] = kept(make)
    assert distance(away(100), Point(row.latitude, row.longitude)) < 3


def test_login_with_an_impossible_place_is_refused(client: Client, make: Factory) -> None:
    phone = make.phone()
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    sent = {"phone": phone, "code": code, "place": {"latitude": 91, "longitude": 0}}
    assert failure(client.post("/auth/sms-login", json=sent)) == (400, "INVALID_FIELD")
    assert kept(make) == []
    assert client.post("/auth/sms-login", json={"phone": phone, "code": code}).status_code == 200


def test_login_passes_though_its_owner_has_moved_too_often(app: Flask, settings: Settings, make: Factory) -> None:
    phone = make.phone()
    make.user(phone)
    limited = start_app(settings.model_copy(update={"limit_moves_per_user": Quota(1, 3600)}))
    for place, expected in ((CENTRE, CENTRE), (away(100), CENTRE)):
        nobody = Client(limited)
        code = data(nobody.post("/auth/sms-codes", json={"phone": phone}))["code"]
        login = {"phone": phone, "code": code, "place": place._asdict()}
        assert nobody.post("/auth/sms-login", json=login).status_code == 200
        [row] = kept(make)
        assert distance(expected, Point(row.latitude, row.longitude)) < 3
    stop_app(limited)


@pytest.mark.parametrize("error", [RedisConnectionError("away"), OperationalError("UPDATE 31.23", {}, Exception())])
def test_login_passes_though_its_place_cannot_be_kept(
    client: Client, make: Factory, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    """Its code is used up by then."""

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(places, "_store", fail)
    phone = make.phone()
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    login = data(client.post("/auth/sms-login", json={"phone": phone, "code": code, "place": HOME}))
    assert Client(client.app, login["token"]).get("/users/me/place").status_code == 200
    assert f"place of user {login['user_id']} was not noted" in caplog.text
    assert "31.23" not in caplog.text
