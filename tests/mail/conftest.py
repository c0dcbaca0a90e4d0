"""What tests of mail share."""

from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path
from typing import Any

import pytest

from flask_api.settings import Settings
from tests.accounts.conftest import cheap_hashes, costly_hashes
from tests.mail.authority import Authority

__all__ = ["cheap_hashes", "costly_hashes"]


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def by_smtp(plain_settings: Settings) -> Callable[..., Settings]:
    """Settings that send by SMTP to a port of this machine."""

    def settings(port: int, **values: Any) -> Settings:
        told = {"mail_provider": "smtp", "smtp_host": "localhost", "smtp_port": port, "smtp_security": "none"}
        return plain_settings.model_copy(update={"mail_from": "Solo <solo@example.com>", **told, **values})

    return settings


@pytest.fixture
def outbox(tmp_path: Path) -> Callable[[], list[EmailMessage]]:
    """Reads what lies in the outbox, oldest first."""

    def read() -> list[EmailMessage]:
        files = sorted((tmp_path / "outbox").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [BytesParser(policy=policy.default).parsebytes(path.read_bytes()) for path in files]  # type: ignore[misc]

    return read
