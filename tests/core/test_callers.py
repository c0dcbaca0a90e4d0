"""A copy of the user in Redis never outlives a change that another process committed."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask
from sqlalchemy import delete, update

from flask_api.core import callers
from flask_api.core.transaction import transactional
from flask_api.extensions import db
from flask_api.users.models import UserAuth, UserInfo
from tests.clients import Client, data, failure
from tests.core.conftest import KeptOf
from tests.core.other_process import OtherProcess
from tests.factories import Factory

PROFILE = "flask_api.users.services:change_profile"
CHANGE_USER = "flask_api.admin.services:change_user"
BAN = "flask_api.admin.services:ban_user"
LEAVE = "flask_api.accounts.leaving:request_deletion"
RESET = "flask_api.accounts.services:_reset"
DEAD_TOKEN = (401, "TOKEN_INVALID")


@pytest.fixture
def warm_user(make: Factory, kept_of: KeptOf) -> Client:
    """Somebody whose record is in Redis."""
    user = make.user(nickname="Before")
    assert data(user.get("/users/me"))["nickname"] == "Before"
    assert (kept_of(user) or b"").startswith(b"{")
    return user


def test_a_profile_changed_by_another_process_shows_at_the_next_request(warm_user: Client, other: OtherProcess) -> None:
    other.call(PROFILE, warm_user.user_id, nickname="After")
    assert data(warm_user.get("/users/me"))["nickname"] == "After"


def test_a_role_given_by_another_process_holds_at_the_next_request(warm_user: Client, other: OtherProcess) -> None:
    assert failure(warm_user.get("/admin/users")) == (403, "ROLE_MISSING")
    other.call(CHANGE_USER, warm_user.user_id, role="admin")
    assert warm_user.get("/admin/users").status_code == 200


def test_a_role_taken_by_another_process_is_gone_at_the_next_request(make: Factory, other: OtherProcess) -> None:
    make.admin()  # the last admin could not lose the role
    admin = make.admin()
    assert admin.get("/admin/users").status_code == 200
    other.call(CHANGE_USER, admin.user_id, role="user")
    assert failure(admin.get("/admin/users")) == (403, "ROLE_MISSING")


@pytest.mark.parametrize("service", [BAN, LEAVE])
def test_a_login_ended_by_another_process_is_dead_at_the_next_request(
    service: str, warm_user: Client, other: OtherProcess
) -> None:
    other.call(service, warm_user.user_id)
    assert failure(warm_user.get("/users/me")) == DEAD_TOKEN


def test_a_password_reset_by_another_process_ends_the_login(make: Factory, other: OtherProcess) -> None:
    phone = make.phone()
    user = make.user(phone)
    assert user.get("/users/me").status_code == 200
    other.call(RESET, "hash", phone=f"+86{phone}")
    assert failure(user.get("/users/me")) == DEAD_TOKEN


def test_an_account_erased_by_another_process_is_gone_at_the_next_request(
    app: Flask, warm_user: Client, other: OtherProcess
) -> None:
    other.call("tests.core.test_callers:erase", warm_user.user_id)
    assert failure(warm_user.get("/users/me")) == DEAD_TOKEN
    assert failure(warm_user.get("/users/me")) == DEAD_TOKEN  # the lease that the first one left


def test_an_answer_from_redis_equals_one_from_the_database(make: Factory, kept_of: KeptOf) -> None:
    user = make.user(password="correct horse")
    user.patch("/users/me", json={"birthday": "1996-05-17", "height_cm": 172, "gender": "other", "bio": "A\nb → c"})
    cold, warm = user.get("/users/me"), user.get("/users/me")
    assert (kept_of(user) or b"").startswith(b"{")
    assert data(cold) == data(warm)


def test_a_record_runs_out_by_itself(app: Flask, warm_user: Client) -> None:
    left = app.extensions["redis"].ttl(f"caller:{{{warm_user.user_id}}}")
    assert 0 < left <= callers.RECORD_LIFETIME


def test_no_read_is_older_than_a_change_whose_commit_returned(app: Flask, make: Factory, other: OtherProcess) -> None:
    user = make.user(nickname="0")
    committed, over = 0, threading.Event()

    def read_until_over() -> int:
        reads = 0
        while not over.is_set():
            floor = committed
            answer = user.get("/users/me")
            if answer.status_code != 503:  # a busy machine may not answer in time; that is not stale
                assert int(data(answer)["nickname"]) >= floor
                reads += 1
        return reads

    with ThreadPoolExecutor(3) as pool:
        readers = [pool.submit(read_until_over) for _ in range(3)]
        try:
            for number in range(1, 201):
                other.call(PROFILE, user.user_id, nickname=str(number))
                committed = number
        finally:
            over.set()
    assert all(reader.result() > 10 for reader in readers)
    assert data(user.get("/users/me"))["nickname"] == "200"


def test_a_bulk_update_of_users_is_refused(app: Flask, make: Factory) -> None:
    make.user()
    for statement in (update(UserAuth).values(role="admin"), update(UserInfo).values(bio=""), delete(UserAuth)):
        with app.app_context(), pytest.raises(RuntimeError, match=r"change User(Auth|Info) as objects"):
            transactional(lambda statement=statement: db.session.execute(statement))()


def test_a_bulk_update_of_the_users_table_is_refused(app: Flask, make: Factory) -> None:
    make.user()
    for statement in (update(UserAuth.__table__).values(role="admin"), delete(UserInfo.__table__)):
        with app.app_context(), pytest.raises(RuntimeError, match="as objects"):
            transactional(lambda statement=statement: db.session.execute(statement))()


@transactional
def erase(user_id: int) -> None:
    """A service for the other process: erases an account at once."""
    from flask_api.accounts.leaving import erase_account
    from flask_api.users.services import lock_user

    erase_account(lock_user(user_id))


def test_a_record_of_a_release_with_other_fields_is_not_used(app: Flask, make: Factory) -> None:
    user = make.user()
    key = f"caller:{{{user.user_id}}}"
    for record in (b'{"id": 1}', b'{"id": 1, "role": "admin", "status": "active", "token_generation": 0}'):
        app.extensions["redis"].set(key, record)
        assert data(user.get("/users/me"))["role"] == "user"
