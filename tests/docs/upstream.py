"""What is committed while docs/deploying.md is walked: a table, then what does not start."""

from collections.abc import Callable

from tests.docs.walk import Walk
from tests.services.table_migration import add_table


def commit_table(walk: Walk) -> None:
    """A release with a migration."""
    add_table(walk.upstream, "reading", revision="d0c500000001", message="Things that were read")
    walk.commit("Remember what was read")


def commit_broken_start(walk: Walk) -> None:
    """A release whose processes end at their start."""
    server = walk.upstream / "tornado_server.py"
    server.write_text(f"raise RuntimeError('broken on purpose')\n{server.read_text()}")
    walk.commit("Break it")


COMMITS: list[Callable[[Walk], None]] = [commit_table, commit_broken_start]
