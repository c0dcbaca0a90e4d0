"""Creating, showing, changing and banning users."""

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory

PASSWORD = "correct horse"


def test_created_user_can_log_in_by_sms_and_by_password(make: Factory, client: Client) -> None:
    phone = make.phone()
    sent = {"phone": phone, "nickname": "Lin", "role": "admin", "password": PASSWORD}
    answer = make.admin().post("/admin/users", json=sent)
    assert answer.status_code == 201
    created = data(answer)
    assert (created["phone"], created["nickname"], created["role"]) == (f"+86{phone}", "Lin", "admin")
    assert (created["status"], created["has_password"], created["last_login_at"]) == ("active", True, None)
    assert PASSWORD not in answer.get_data(as_text=True)
    assert client.log_in(phone).user_id == created["id"]
    login = {"phone": phone, "password": PASSWORD}
    assert data(client.post("/auth/password-login", json=login))["user_id"] == created["id"]


def test_phone_alone_is_enough_to_create_a_user(make: Factory) -> None:
    created = data(make.admin().post("/admin/users", json={"phone": make.phone()}))
    assert (created["role"], created["nickname"]) == ("user", f"Newcomer {created['id']}")
    assert created["has_password"] is False


@pytest.mark.parametrize("spelling", ["{}", "+86{}", "0086 {}", "+86 {}", "86{}"])
def test_phone_that_is_taken_is_409_in_any_spelling(make: Factory, spelling: str) -> None:
    phone, admin = make.phone(), make.admin()
    make.user(phone)
    answer = admin.post("/admin/users", json={"phone": spelling.format(phone)})
    assert failure(answer) == (409, "PHONE_TAKEN")
    assert answer.get_json()["field"] == "phone"
    assert len(data(admin.get("/admin/users", query_string={"role": "user"}))["items"]) == 1


@pytest.mark.parametrize(
    "extra",
    [
        *[{"phone": value} for value in ("abc", "", None, 1, "1" * 33)],
        *[{"role": value} for value in ("root", "", None, 1)],
        *[{"nickname": value} for value in ("", " x", "x" * 31, None)],
        *[{"password": value} for value in ("short", "x" * 129, None, "")],
        *[{name: 1} for name in ("id", "status", "token_generation", "created_at", "password_hash")],
    ],
    ids=str,
)
def test_bad_creation_is_400_and_creates_nobody(make: Factory, extra: dict[str, object]) -> None:
    admin = make.admin()
    assert failure(admin.post("/admin/users", json={"phone": make.phone(), **extra})) == (400, "INVALID_FIELD")
    assert len(data(admin.get("/admin/users"))["items"]) == 1


def test_admin_changes_role_and_profile_and_the_user_sees_it_at_once(make: Factory) -> None:
    user, admin = make.user(), make.admin()
    user.get("/users/me")
    changes = {"role": "admin", "nickname": "Lin", "gender": "female", "height_cm": None, "bio": "Maps."}
    changed = data(admin.patch(f"/admin/users/{user.user_id}", json=changes))
    assert (changed["role"], changed["nickname"]) == ("admin", "Lin")
    profile = data(user.get("/users/me"))
    assert {name: profile[name] for name in changes} == changes


@pytest.mark.parametrize("name", ["phone", "status", "id", "password", "visibility", "token_generation", "avatar"])
def test_what_an_admin_may_not_set_is_400_and_changes_nothing(make: Factory, name: str) -> None:
    user, admin = make.user(), make.admin()
    before = data(admin.get(f"/admin/users/{user.user_id}"))
    answer = admin.patch(f"/admin/users/{user.user_id}", json={"nickname": "Changed", name: "everyone"})
    assert failure(answer) == (400, "INVALID_FIELD")
    assert data(admin.get(f"/admin/users/{user.user_id}")) == before


def test_refused_change_leaves_the_role_as_well(make: Factory) -> None:
    """The role is set before the birthday is found to be bad; nothing of it stays."""
    user, admin = make.user(), make.admin()
    changes = {"role": "admin", "nickname": "Changed", "birthday": "2099-01-01"}
    assert failure(admin.patch(f"/admin/users/{user.user_id}", json=changes)) == (400, "INVALID_FIELD")
    assert data(admin.get(f"/admin/users/{user.user_id}"))["role"] == "user"
    assert user.get("/admin/users").status_code == 403


@pytest.mark.parametrize(("method", "path"), [("GET", ""), ("PATCH", ""), ("PUT", "/ban"), ("DELETE", "/ban")])
def test_unknown_user_is_404(make: Factory, method: str, path: str) -> None:
    answer = make.admin().call(method, f"/admin/users/999999{path}", json={"bio": ""} if method == "PATCH" else None)
    assert failure(answer) == (404, "USER_NOT_FOUND")


def test_banned_user_is_out_at_once_and_cannot_come_back(make: Factory, client: Client) -> None:
    phone, admin, bystander = make.phone(), make.admin(), make.user()
    user, elsewhere = make.user(phone, password=PASSWORD), client.log_in(phone)
    assert data(admin.put(f"/admin/users/{user.user_id}/ban"))["status"] == "banned"
    for token in (user, elsewhere):
        assert failure(token.get("/users/me")) == (401, "TOKEN_INVALID")
    code = data(client.post("/auth/sms-codes", json={"phone": phone}))["code"]
    by_code = client.post("/auth/sms-login", json={"phone": phone, "code": code})
    by_password = client.post("/auth/password-login", json={"phone": phone, "password": PASSWORD})
    assert failure(by_code) == failure(by_password) == (403, "ACCOUNT_BANNED")
    assert bystander.get("/users/me").status_code == 200


def test_ban_is_told_only_to_who_has_the_password(make: Factory, client: Client) -> None:
    phone, admin = make.phone(), make.admin()
    admin.put(f"/admin/users/{make.user(phone, password=PASSWORD).user_id}/ban")
    answer = client.post("/auth/password-login", json={"phone": phone, "password": "wrong horse"})
    assert failure(answer) == (401, "CREDENTIALS_WRONG")


def test_unbanned_user_logs_in_again_and_old_tokens_stay_dead(make: Factory, client: Client) -> None:
    phone, admin = make.phone(), make.admin()
    user = make.user(phone)
    admin.put(f"/admin/users/{user.user_id}/ban")
    assert data(admin.delete(f"/admin/users/{user.user_id}/ban"))["status"] == "active"
    assert failure(user.get("/users/me")) == (401, "TOKEN_INVALID")
    assert client.log_in(phone).user_id == user.user_id


def test_banning_and_unbanning_twice_is_the_same_as_once(make: Factory) -> None:
    user, admin = make.user(), make.admin()
    for _ in range(2):
        assert data(admin.put(f"/admin/users/{user.user_id}/ban"))["status"] == "banned"
    for _ in range(2):
        assert data(admin.delete(f"/admin/users/{user.user_id}/ban"))["status"] == "active"


def test_lifting_a_ban_that_there_is_not_ends_no_session(make: Factory) -> None:
    user, admin = make.user(), make.admin()
    admin.delete(f"/admin/users/{user.user_id}/ban")
    assert user.get("/users/me").status_code == 200
