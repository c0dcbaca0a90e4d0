"""What tests of uploads share with those of mail."""

from tests.mail.conftest import outbox

__all__ = ["outbox"]
