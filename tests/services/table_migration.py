"""A migration more for a copy of the project: it makes a table."""

import re
from pathlib import Path

MIGRATION = '''"""{message}"""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("{table}", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("{table}")
'''


def add_table(project: Path, table: str, *, revision: str, message: str) -> None:
    """Write the migration; it comes after the newest."""
    text = MIGRATION.format(message=message, revision=revision, before=head_revision(project), table=table)
    (_versions(project) / f"{revision}_{table}.py").write_text(text)


def head_revision(project: Path) -> str:
    """Return the newest revision."""
    text = "\n".join(file.read_text() for file in _versions(project).glob("*.py"))
    revised = re.findall(r"^down_revision = .(\w+).", text, re.M)
    (head,) = set(re.findall(r"^revision = .(\w+).", text, re.M)) - set(revised)
    return head


def _versions(project: Path) -> Path:
    return project / "migrations" / "versions"
