"""Stands in for manage.py: ``supervise`` starts a real supervisord; ``db`` writes what Flask-Migrate writes.

The database is a file that holds a revision; the file ``revisions`` beside this one has a line "revision message" for
each that the release knows, the oldest first.
"""

import os
import sys
import time
from pathlib import Path

HERE = Path(sys.argv[0]).parent
DATABASE = HERE / "var" / "database"


def supervise() -> int:
    if (HERE / "behaviour").read_text() == "no_supervisord":
        print("manage.py: the port 8000 is taken", file=sys.stderr)
        return 1
    if (HERE / "behaviour").read_text() == "slow_supervisord":
        wait_for_go_on()
    command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(HERE / "supervisord.ini")]
    return os.execv(command[0], command)


def wait_for_go_on() -> None:
    (HERE / "waiting").touch()
    while not (HERE / "go_on").exists():
        os.kill(int(os.environ["SOLO_TEST_OWNER"]), 0)  # not longer than the test run
        time.sleep(0.02)


def db(words: list[str]) -> int:
    known = dict(line.split(" ", 1) for line in (HERE / "revisions").read_text().splitlines())
    names = [*known]
    now = DATABASE.read_text() if DATABASE.exists() else ""
    if now == "unreachable":
        print("sqlalchemy.exc.OperationalError: no route to the database", file=sys.stderr)
        return 1
    if now and now not in known:
        print(f"Error: Can't locate revision identified by '{now}'", file=sys.stderr)
        return 1
    print("INFO  [alembic.runtime.migration] Context impl FileImpl.", file=sys.stderr)
    if words == ["current"] and now:
        print(now, "(head)" if now == names[-1] else "")
    elif words == ["upgrade"]:
        if (HERE / "behaviour").read_text() == "bad_migration":
            print("alembic.util.exc.CommandError: the table is nailed to the floor")
            return 1
        if (HERE / "behaviour").read_text() == "slow_migration":
            wait_for_go_on()
        DATABASE.write_text(names[-1])
    elif words[:2] == ["history", "-r"]:
        older, newer = words[2].split(":")
        for name in reversed(names[names.index(older) : names.index(newer) + 1]):
            before = names[names.index(name) - 1] if names.index(name) else "<base>"
            head = " (head)" if name == names[-1] else ""
            print(f"{before} -> {name}{head}, {known[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(supervise() if sys.argv[1] == "supervise" else db(sys.argv[2:]))
