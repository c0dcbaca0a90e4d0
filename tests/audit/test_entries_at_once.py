"""Many at once: each leaves its entry, and what happens once is told once."""

from collections import Counter

from tests.audit.conftest import Entries
from tests.clients import Client
from tests.factories import Factory, at_once

MANY = 20


def test_twenty_changes_and_twenty_failed_logins_leave_forty_entries(
    make: Factory, client: Client, new_entries: Entries
) -> None:
    admin, phones = make.admin(), [make.phone() for _ in range(MANY)]
    new_entries()
    changes = [lambda n=n: admin.post("/admin/app-keys", json={"name": f"App {n}"}).status_code for n in range(MANY)]
    failures = [
        lambda phone=phone: client.post("/auth/password-login", json={"phone": phone, "password": "x" * 8}).status_code
        for phone in phones
    ]
    assert Counter(at_once([*changes, *failures])) == {201: MANY, 401: MANY}
    entries = new_entries()
    assert Counter(entry.action for entry in entries) == {"app_key_created": MANY, "login_failed": MANY}
    assert {entry.details["name"] for entry in entries if "name" in entry.details} == {f"App {n}" for n in range(MANY)}
    assert len({entry.request_id for entry in entries}) == 2 * MANY


def test_of_twenty_bans_at_once_one_is_told(make: Factory, new_entries: Entries) -> None:
    admin, user = make.admin(), make.user()
    new_entries()
    path = f"/admin/users/{user.user_id}/ban"
    assert at_once([lambda: admin.put(path).status_code] * MANY) == [200] * MANY
    assert [entry.action for entry in new_entries()] == ["user_banned"]
