"""When the grace period is over, everything of a user goes."""

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Table, event, func, insert, select, true, update

from flask_api.accounts import leaving
from flask_api.accounts.leaving import erase_expired
from flask_api.accounts.models import SocialLogin
from flask_api.core import personal_data
from flask_api.core.database import Base, now
from flask_api.emails.models import AccountExport
from flask_api.extensions import db
from flask_api.users.models import UserAuth
from flask_api.vip.models import Entitlement
from flask_api.visitors.models import Visitor
from tests.clients import Client, data, failure
from tests.factories import Factory, at_once


def rows_of(make: Factory, user_id: int | None) -> dict[str, int]:
    """Count the rows of every table that point to a user."""
    found = {}
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            if column is UserAuth.__table__.c.id or column.references(UserAuth.__table__.c.id):
                found[f"{table.name}.{column.name}"] = count(make, table, column == user_id)
    return found


def table_of(model: Any) -> Table:
    found: Table = model.__table__
    return found


def count(make: Factory, table: Table, condition: object) -> int:
    return int(make.execute(select(func.count()).select_from(table).where(condition))[0][0])  # type: ignore[arg-type]


def let_grace_end(make: Factory, *users: Client) -> None:
    ids = [user.user_id for user in users]
    make.execute(update(UserAuth).where(UserAuth.id.in_(ids)).values(delete_after=now() - timedelta(seconds=1)))


def erase(app: Flask) -> int:
    with app.app_context():
        return erase_expired()


def somebody_with_everything(make: Factory, phone: str, categories: list[int]) -> Client:
    me = make.user(phone, password="correct horse")
    for number, category_id in enumerate(categories):
        body = {"title": "First light", "body": "A mirror.", "category_id": category_id}
        me.post("/blog/posts", json=body, headers={"Idempotency-Key": str(number)})
    make.photo(me)
    make.photo(me, position=2)
    make.execute(
        insert(SocialLogin).values(user_id=me.user_id, provider="google", subject=phone, email="l@example.com")
    )
    make.execute(insert(AccountExport).values(user_id=me.user_id, key=f"exports/{me.user_id}.zip", expires_at=now()))
    me.post("/uploads", json={"kind": "photo", "content_type": "image/jpeg", "size": 1000})
    me.patch("/users/me", json={"bio": "Climbs, cooks, reads maps."})
    acquaint(make, me)
    return me


def acquaint(make: Factory, me: Client) -> None:
    """Have somebody stand to others in every way there is."""
    friend, foe, pest = (make.user() for _ in range(3))
    for one, other in ((me, friend), (friend, me)):
        one.put(f"/likes/{other.user_id}")
        one.post("/reports", json={"user_id": other.user_id, "kind": "profile", "reason": "spam"})
        one.get(f"/users/{other.user_id}")
    me.put(f"/blocks/{foe.user_id}")
    pest.put(f"/blocks/{me.user_id}")
    me.post("/matches/seen")
    me.put("/users/me/place", json={"latitude": 31.2304, "longitude": 121.4737})
    label = {"name": f"Climbing {me.user_id}", "kind": "interest", "gender": "any"}
    me.put("/users/me/labels", json={"label_ids": [data(make.admin().post("/labels", json=label))["id"]]})
    make.execute(insert(Entitlement).values(user_id=me.user_id, name="visitors", until=now()))


def post_counts(client: Client) -> dict[str, int]:
    return {category["name"]: category["post_count"] for category in data(client.get("/blog/categories"))["items"]}


def test_everything_of_mine_goes_and_nothing_of_others(make: Factory, app: Flask, client: Client) -> None:
    travel, food = make.category("Travel"), make.category("Food")
    me = somebody_with_everything(make, make.phone(), [travel, travel, food])
    other = somebody_with_everything(make, make.phone(), [travel])
    mine, theirs = rows_of(make, me.user_id), rows_of(make, other.user_id)
    assert all(mine.values()), mine
    me.delete("/auth/account")
    let_grace_end(make, me)
    assert erase(app) == 1
    assert rows_of(make, me.user_id) == dict.fromkeys(mine, 0)
    assert rows_of(make, other.user_id) == theirs
    assert post_counts(client) == {"Travel": 1, "Food": 0}
    assert {post["author"]["id"] for post in data(client.get("/blog/posts"))["items"]} == {other.user_id}
    assert other.get("/users/me").status_code == 200


def test_what_somebody_has_many_of_goes_in_batches_before_the_account(
    make: Factory, app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(personal_data, "BATCH", 2)
    me, others = make.user(), [make.user() for _ in range(5)]
    for other in others:
        me.put(f"/likes/{other.user_id}")
        for one, whom in ((me, other), (other, me)):
            one.get(f"/users/{whom.user_id}")
    others[0].get(f"/users/{others[1].user_id}")
    me.delete("/auth/account")
    let_grace_end(make, me)
    sizes: list[int] = []
    with app.app_context():
        event.listen(db.engine, "after_cursor_execute", note := noting(sizes))
        monkeypatch.setattr(leaving, "_erase_if_expired", lambda _: 0)
        erase_expired()
        event.remove(db.engine, "after_cursor_execute", note)
    assert max(sizes) == 2
    assert {name: count for name, count in rows_of(make, me.user_id).items() if count} == {
        "user_auth.id": 1, "user_info.user_id": 1
    }  # fmt: skip
    assert count(make, table_of(Visitor), true()) == 1


def noting(sizes: list[int]) -> Any:
    def note(_connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE"):
            sizes.append(cursor.rowcount)

    return note


def test_nothing_of_an_erased_user_stays_in_redis(make: Factory, app: Flask, client: Client) -> None:
    """A session's record holds a device and an address. How many requests somebody made goes within a minute."""
    me = make.user()
    me.get("/users/me")
    me.delete("/auth/account")
    let_grace_end(make, me)
    erase(app)
    app.extensions["tally"].tell()
    assert app.extensions["redis"].keys(f"*{{{me.user_id}}}*") == [f"limit:{{{me.user_id}}}:user".encode()]
    assert 0 < app.extensions["redis"].ttl(f"limit:{{{me.user_id}}}:user") <= 60


def test_nothing_goes_before_the_grace_period_is_over(make: Factory, app: Flask) -> None:
    leaving, staying, admin = make.user(), make.user(), make.admin()
    leaving.delete("/auth/account")
    assert erase(app) == 0
    for user in (leaving, staying):
        assert admin.get(f"/admin/users/{user.user_id}").status_code == 200


def test_phone_registers_anew_as_a_new_user(make: Factory, app: Flask, client: Client) -> None:
    phone = make.phone()
    me = make.user(phone, nickname="Lin", password="correct horse")
    me.delete("/auth/account")
    let_grace_end(make, me)
    erase(app)
    newcomer = client.log_in(phone)
    assert newcomer.user_id != me.user_id
    profile = data(newcomer.get("/users/me"))
    assert profile["nickname"] != "Lin"
    assert profile["has_password"] is False
    assert failure(me.get("/users/me")) == (401, "TOKEN_INVALID")


def test_who_comes_back_too_late_is_erased_and_registered_anew(make: Factory, client: Client) -> None:
    """Also when nobody has run the erasure yet."""
    phone, travel = make.phone(), make.category("Travel")
    me = somebody_with_everything(make, phone, [travel])
    me.delete("/auth/account")
    let_grace_end(make, me)
    late = {"phone": phone, "password": "correct horse"}
    assert failure(client.post("/auth/password-login", json=late)) == (401, "CREDENTIALS_WRONG")
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    login = data(client.post("/auth/sms-login", json={"phone": phone, "code": code}))
    assert (login["registered"], login["restored"]) == (True, False)
    assert login["user_id"] != me.user_id
    assert set(rows_of(make, me.user_id).values()) == {0}
    assert post_counts(client) == {"Travel": 0}


def test_restored_at_the_last_moment_stays(make: Factory, app: Flask, client: Client) -> None:
    phone = make.phone()
    me = make.user(phone)
    me.delete("/auth/account")
    back = client.log_in(phone)
    assert erase(app) == 0
    assert back.get("/users/me").status_code == 200


def test_erasures_at_once_erase_each_account_once(make: Factory, app: Flask, client: Client) -> None:
    travel = make.category("Travel")
    leavers = [make.user() for _ in range(6)]
    for leaver in leavers:
        make.post(leaver, travel)
        leaver.delete("/auth/account")
    let_grace_end(make, *leavers)
    assert sum(at_once([lambda: erase(app)] * 4)) == 6
    assert post_counts(client) == {"Travel": 0}
    assert [set(rows_of(make, leaver.user_id).values()) for leaver in leavers] == [{0}] * 6


def test_erasure_beside_an_admin_who_deletes_the_posts_keeps_the_count(
    make: Factory, app: Flask, client: Client
) -> None:
    travel, admin, leaver, stayer = make.category("Travel"), make.admin(), make.user(), make.user()
    posts = [make.post(leaver, travel) for _ in range(8)]
    make.post(stayer, travel)
    leaver.delete("/auth/account")
    let_grace_end(make, leaver)
    deletions = [lambda post=post: admin.delete(f"/blog/posts/{post}").status_code for post in posts]
    codes = at_once([*deletions[:4], lambda: erase(app), *deletions[4:]])
    assert set(codes) <= {1, 200, 404}
    assert post_counts(client) == {"Travel": 1}


def test_more_than_a_batch_is_erased_in_one_go(make: Factory, app: Flask) -> None:
    me = make.user()
    columns = {"role": "user", "status": "leaving", "token_generation": 0, "created_at": now(), "delete_after": now()}
    make.execute(UserAuth.__table__.insert().values([{"phone": f"+1555{n:07d}", **columns} for n in range(101)]))
    make.execute(
        Base.metadata.tables["user_info"]
        .insert()
        .from_select(
            ["user_id", "nickname", "visibility", "bio", "updated_at"],
            select(UserAuth.id, UserAuth.phone, UserAuth.role, UserAuth.role, UserAuth.created_at).where(
                UserAuth.id != me.user_id
            ),
        )
    )
    assert erase(app) == 101
    assert make.execute(select(UserAuth.id)) == [(me.user_id,)]
