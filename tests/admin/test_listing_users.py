"""The list of users: pages, filters, cursors."""

import base64
from itertools import pairwise

import pytest

from tests.clients import Client, data, failure
from tests.factories import Factory


def page(admin: Client, **query: object) -> dict[str, object]:
    return dict(data(admin.get("/admin/users", query_string=query)))


def walk(admin: Client, **query: object) -> list[int]:
    """All ids of a list, page by page."""
    found, cursor = [], None
    while True:
        answer = page(admin, **query, **({"cursor": cursor} if cursor else {}))
        found += [user["id"] for user in answer["items"]]  # type: ignore[attr-defined]
        cursor = answer["next_cursor"]
        if cursor is None:
            return found


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 100])
def test_pages_show_everybody_once_newest_first(make: Factory, limit: int) -> None:
    admin = make.admin()
    ids = [admin.user_id, *(make.user().user_id for _ in range(6))]
    assert walk(admin, limit=limit) == ids[::-1]


def test_page_is_20_unless_told(make: Factory) -> None:
    admin = make.admin()
    for _ in range(20):
        make.user()
    assert len(page(admin)["items"]) == 20  # type: ignore[arg-type]


def test_who_registers_meanwhile_shifts_no_page(make: Factory) -> None:
    admin = make.admin()
    ids = [make.user().user_id for _ in range(4)]
    first = page(admin, limit=2)
    make.user()
    second = page(admin, limit=2, cursor=first["next_cursor"])
    assert [user["id"] for user in [*first["items"], *second["items"]]] == ids[::-1]  # type: ignore[misc]


def test_user_of_the_list_has_what_admins_need_and_no_hash(make: Factory) -> None:
    phone, admin = make.phone(), make.admin()
    make.user(phone, nickname="Lin", password="correct horse")
    answer = admin.get("/admin/users", query_string={"phone": phone})
    [user] = data(answer)["items"]
    assert (user["phone"], user["nickname"], user["has_password"]) == (f"+86{phone}", "Lin", True)
    assert (user["role"], user["status"], user["delete_after"]) == ("user", "active", None)
    assert user["created_at"].endswith("Z")
    assert user["last_login_at"].endswith("Z")
    assert "argon2" not in answer.get_data(as_text=True)


def test_filters_choose_by_phone_role_and_status(make: Factory) -> None:
    phone, admin = make.phone(), make.admin()
    user, banned, leaving = make.user(phone), make.user(), make.user()
    admin.put(f"/admin/users/{banned.user_id}/ban")
    leaving.delete("/auth/account")
    assert walk(admin, phone=f"+86 {phone}") == [user.user_id]
    assert walk(admin, phone=make.phone()) == []
    assert walk(admin, role="admin") == [admin.user_id]
    assert walk(admin, status="banned") == [banned.user_id]
    assert walk(admin, status="leaving") == [leaving.user_id]
    assert walk(admin, role="user", status="active", limit=1) == [user.user_id]


@pytest.mark.parametrize(
    "query",
    [
        *[{"limit": value} for value in ("0", "101", "-1", "", "abc", "1.5", "1e1", "true", "9" * 30, "１")],
        *[{"role": value} for value in ("", "root", "ADMIN", "admin ")],
        *[{"status": value} for value in ("", "deleted", "Active")],
        *[{"phone": value} for value in ("", "abc", "%", "13800138000\0", "1" * 40)],
        {"unknown": "1"},
        {"limit": ["1", "2"]},
    ],
    ids=str,
)
def test_bad_filter_is_400_and_named(make: Factory, query: dict[str, object]) -> None:
    answer = make.admin().get("/admin/users", query_string=query)
    assert failure(answer) == (400, "INVALID_FIELD")
    assert answer.get_json()["field"] in query


def cursor_of(client: Client, path: str) -> str:
    cursor = data(client.get(path, query_string={"limit": 1}))["next_cursor"]
    assert cursor
    return str(cursor)


def test_cursor_of_another_list_is_400(make: Factory) -> None:
    admin, travel = make.admin(), make.category()
    for _ in range(2):
        year = data(admin.get(f"/blog/posts/{make.post(admin, travel)}"))["created_at"][:4]
    make.user()
    lists = ["/admin/users", "/blog/posts", f"/blog/posts/archive/{year}"]
    cursors = {path: cursor_of(admin, path) for path in lists}
    for path in lists:
        for origin, cursor in cursors.items():
            answer = admin.get(path, query_string={"cursor": cursor})
            assert failure(answer) == ((200, "SUCCESS") if origin == path else (400, "BAD_CURSOR")), (path, origin)


def test_cursor_changed_anywhere_is_400(make: Factory) -> None:
    admin = make.admin()
    make.user()
    raw = base64.urlsafe_b64decode(cursor_of(admin, "/admin/users") + "==")
    for position in range(len(raw)):
        changed = raw[:position] + bytes([raw[position] ^ 1]) + raw[position + 1 :]
        cursor = base64.urlsafe_b64encode(changed).decode().rstrip("=")
        assert failure(admin.get("/admin/users", query_string={"cursor": cursor})) == (400, "BAD_CURSOR")


@pytest.mark.parametrize("cursor", ["", "x", "1", "null", "W10", "é", "=" * 9, "A" * 500, "../..", "%00", " "])
def test_made_up_cursor_is_400(make: Factory, cursor: str) -> None:
    assert failure(make.admin().get("/admin/users", query_string={"cursor": cursor})) == (400, "BAD_CURSOR")


def test_overlong_cursor_is_400(make: Factory) -> None:
    answer = make.admin().get("/admin/users", query_string={"cursor": "A" * 501})
    assert failure(answer) == (400, "INVALID_FIELD")


def test_cursors_grow_neither_with_the_list_nor_repeat(make: Factory) -> None:
    admin = make.admin()
    for _ in range(5):
        make.user()
    cursors, cursor = [], None
    while True:
        cursor = page(admin, limit=1, **({"cursor": cursor} if cursor else {}))["next_cursor"]
        if cursor is None:
            break
        cursors.append(str(cursor))
    assert len(set(cursors)) == len(cursors) == 5
    assert all(len(one) == len(other) for one, other in pairwise(cursors))
