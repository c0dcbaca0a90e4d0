"""Who resolved a report, and how, is in the audit."""

from tests.audit.conftest import Entries
from tests.audit.world import World, told
from tests.clients import data


def test_resolved_report_leaves_an_entry_about_the_one_it_was_about(world: World, new_entries: Entries) -> None:
    report = {"user_id": world.admin.user_id, "kind": "profile", "reason": "spam"}
    report_id = data(world.user.post("/reports", json=report))["id"]
    assert new_entries() == []
    for _ in range(2):  # the second is refused
        world.admin.post(f"/admin/reports/{report_id}/resolution", json={"outcome": "upheld", "note": "Warned."})
    expected = {"report_id": report_id, "outcome": "upheld"}
    assert [told(entry) for entry in new_entries()] == [
        ("report_resolved", world.admin.user_id, world.admin.user_id, expected)
    ]
