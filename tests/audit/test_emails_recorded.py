"""What is done with an account's e-mail address leaves entries, in which it is masked."""

from sqlalchemy import select

from flask_api.audit.models import AuditEntry
from tests.clients import failure
from tests.factories import Factory
from tests.mail.conftest import outbox
from tests.mail.reading import Outbox, user_with_email

__all__ = ["outbox"]  # a fixture here too


def test_address_set_or_not_an_export_and_the_address_removed(make: Factory, outbox: Outbox) -> None:
    user = user_with_email(make, outbox)
    user.put("/emails/me", json={"email": "wei@example.com", "code": "000000"}, headers=user.prove())
    user.post("/emails/exports")
    user.delete("/emails/me", headers=user.prove())
    reset = {"email": "wei@example.com", "code": "000000", "new_password": "battery staple"}
    assert failure(user.post("/auth/password-reset", json=reset)) == (401, "CODE_WRONG")
    columns = select(AuditEntry.action, AuditEntry.subject_id, AuditEntry.details).order_by(AuditEntry.id)
    wrong = {"email": "w***@example.com", "reason": "CODE_WRONG"}
    assert [tuple(row) for row in make.execute(columns)][-5:] == [
        ("email_set", user.user_id, {"email": "l***@example.com"}),
        ("email_set_failed", user.user_id, wrong),
        ("export_requested", user.user_id, {}),
        ("email_removed", user.user_id, {}),
        ("password_reset_failed", None, wrong),
    ]
