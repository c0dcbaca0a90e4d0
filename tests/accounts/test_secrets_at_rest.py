"""What somebody who reads Redis or the database would find."""

import re

from flask import Flask

from flask_api.core.database import Base
from tests.clients import Client, data
from tests.factories import Factory

PASSWORD = "correct horse battery"


def in_redis(app: Flask) -> str:
    """Every key and every value, as text."""
    redis = app.extensions["redis"]
    readers = {
        b"string": redis.get,
        b"hash": redis.hgetall,
        b"zset": lambda key: redis.zrange(key, 0, -1, withscores=True),
        b"set": redis.smembers,
        b"list": lambda key: redis.lrange(key, 0, -1),
    }
    return "\n".join(f"{key!r} {readers[redis.type(key)](key)!r}" for key in redis.scan_iter())


def in_database(make: Factory) -> str:
    return "\n".join(repr(tuple(row)) for table in Base.metadata.sorted_tables for row in make.execute(table.select()))


def test_neither_token_code_nor_password_rests_in_the_clear(make: Factory, app: Flask, client: Client) -> None:
    phone = make.phone()
    me = make.user(phone)
    me.put("/auth/password", json={"new_password": PASSWORD}, headers=me.prove())
    other = data(client.post("/auth/password-login", json={"phone": phone, "password": PASSWORD}))["token"]
    codes = [
        data(client.post("/auth/sms-codes", json={"phone": phone, "purpose": purpose}))["code"]
        for purpose in ("login", "password_reset")
    ]
    client.post("/auth/password-login", json={"phone": phone, "password": "wrong " + PASSWORD})
    client.post("/auth/sms-login", json={"phone": phone, "code": f"{(int(codes[0]) + 1) % 10**6:06d}"})
    me.get("/users/me")
    kept = in_redis(app)
    assert f"token:{{{me.user_id}}}" in kept  # the scan sees what there is
    assert "sms:{+86" in kept
    for place in (kept, in_database(make)):
        for token in (me.token, other):
            assert token
            assert token.partition(".")[2] not in place
        assert PASSWORD not in place
        for code in codes:
            assert not re.search(rf"(?<![0-9a-f]){code}(?![0-9a-f])", place)


def test_no_password_hash_rests_in_redis(make: Factory, app: Flask) -> None:
    make.user(password=PASSWORD).get("/users/me")
    assert "argon2" not in in_redis(app)


def test_codes_of_the_same_digits_rest_differently_for_each_phone_and_purpose(make: Factory, app: Flask) -> None:
    """Six digits could be tried out against a plain hash: it is keyed, by phone and purpose."""
    from flask_api.accounts.codes import hash_code
    from flask_api.accounts.sms_codes import place_of

    with app.app_context():
        hashes = {
            hash_code(place_of(phone, purpose).name, "123456")
            for phone in ("+8613800138000", "+8613800138001")
            for purpose in ("login", "password_reset")
        }
    assert len(hashes) == 4
