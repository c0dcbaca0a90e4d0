"""What is committed while docs/deploying.md is walked: a table, then what does not start, then its repair."""

import re
from collections.abc import Callable

from tests.docs.walk import Walk

MIGRATION = '''"""Things that were read"""

import sqlalchemy as sa
from alembic import op

revision = "d0c500000001"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("reading", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("reading")
'''


def commit_table(walk: Walk) -> None:
    """A release with a migration."""
    folder = walk.upstream / "migrations" / "versions"
    text = "".join(path.read_text() for path in folder.glob("*.py"))
    revised = re.findall(r'^down_revision = "(.+)"', text, re.M)
    (newest,) = set(re.findall(r'^revision = "(.+)"', text, re.M)) - set(revised)
    (folder / "d0c500000001_things_that_were_read.py").write_text(MIGRATION.format(before=newest))
    walk.commit("Remember what was read")


def commit_broken_start(walk: Walk) -> None:
    """A release whose processes end at their start."""
    server = walk.upstream / "tornado_server.py"
    server.write_text(f"raise RuntimeError('broken on purpose')\n{server.read_text()}")
    walk.commit("Break it")


COMMITS: list[Callable[[Walk], None]] = [commit_table, commit_broken_start]
