"""A second process of Solo, on the same database and Redis, that a test tells what to do.

    with OtherProcess(settings) as other:
        other.call("flask_api.admin.services:ban_user", user_id)

It can be told to stop, or to kill itself, right before or right after the commit of its next change. One that has done
all it was told serves the next test too, with an app of that test's own: importing Solo takes a second.
"""

import atexit
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from flask_api.settings import Settings
from tests.services.process import die_with_parent

ROOT = Path(__file__).resolve().parent.parent.parent
BEFORE_COMMIT = "before_commit"  # the markers stand
AFTER_COMMIT = "after_commit"  # they still do
COLUMNS = "tests.core.other_process:change_column"


class ServiceFailed(Exception):
    """The service raised; the text names what."""


class OtherProcess:
    """Calls services in a process of its own."""

    _spare: ClassVar[list["subprocess.Popen[str]"]] = []

    def __init__(self, settings: Settings) -> None:
        self._process = self._spare.pop() if self._spare else _start_python()
        values = {"DATA_DIR": settings.data_dir, "DATABASE_URL": settings.database_url, "REDIS_URL": settings.redis_url}
        self._owes_answer = True
        self._say({"settings": {f"SOLO_{name}": str(value) for name, value in values.items()}})
        self.finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _kind: type | None, _error: BaseException | None, _trace: TracebackType | None) -> None:
        if self._owes_answer:
            _end(self._process)
        else:
            self._spare.append(self._process)

    def call(self, service: str, *args: Any, **kwargs: Any) -> None:
        """Call a service, named ``module:function``, and wait until it has returned.

        Raises:
            ServiceFailed: it raised.
        """
        self.begin(service, *args, **kwargs)
        self.finish()

    def begin(self, service: str, *args: Any, **kwargs: Any) -> None:
        """Call a service without waiting."""
        self._owes_answer = True
        self._say({"service": service, "args": args, "kwargs": kwargs})

    def finish(self) -> None:
        """Wait until the service that was begun has returned."""
        if (said := self._hear()) != "done":
            raise ServiceFailed(said)
        self._owes_answer = False

    def begin_and_stop(self, point: str, service: str, *args: Any) -> None:
        """Call a service and wait until it has come to ``point``, where it stops until :meth:`go_on`."""
        self._say({"at": point, "do": "stop"})
        self.begin(service, *args)
        assert self._hear() == point

    def go_on(self) -> None:
        """Let a service that stopped go on, and wait until it has returned."""
        self._say({})
        self.finish()

    def call_and_die(self, point: str, service: str, *args: Any) -> None:
        """Call a service that is killed (kill -9) at ``point``."""
        self._say({"at": point, "do": "die"})
        self.begin(service, *args)
        assert self._process.wait(10) == -signal.SIGKILL

    def _say(self, order: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def _hear(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


def _start_python() -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.core.other_process"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        cwd=ROOT / "tests",  # no .env of the developer's
        preexec_fn=die_with_parent(),
        text=True,
    )
    atexit.register(_end, process)
    return process


def _end(process: "subprocess.Popen[str]") -> None:
    process.kill()
    process.wait()
    for stream in (process.stdin, process.stdout):
        if stream is not None:
            stream.close()


def change_column(table: str, user_id: int, **columns: Any) -> None:
    """A service such as a feature may have: changes one table's row of a user and locks nothing else."""
    from sqlalchemy.orm import lazyload

    from flask_api.core.transaction import transactional
    from flask_api.extensions import db
    from flask_api.users import models

    @transactional
    def change() -> None:
        model = getattr(models, table)
        row = db.session.get_one(model, user_id, options=[lazyload("*")])
        for name, value in columns.items():
            setattr(row, name, value)

    change()


def main() -> None:
    """The process's side: one order a line on standard input, one answer a line on standard output."""
    from importlib import import_module

    from sqlalchemy import event
    from sqlalchemy.orm import Session

    from flask_api import create_app
    from flask_api.settings import load_settings
    from tests.conftest import stop_app

    plan: dict[str, str] = {}

    def reach(point: str) -> None:
        if plan.get("at") == point and plan.pop("do", None) is not None:
            if plan.pop("kill", ""):
                os.kill(os.getpid(), signal.SIGKILL)
            print(point, flush=True)
            sys.stdin.readline()

    event.listen(Session, BEFORE_COMMIT, lambda _session: reach(BEFORE_COMMIT))
    event.listen(Session, AFTER_COMMIT, lambda _session: reach(AFTER_COMMIT))
    app = None
    while line := sys.stdin.readline():
        order = json.loads(line)
        if "settings" in order:
            if app is not None:
                stop_app(app)
            os.environ |= order["settings"]
            app = create_app(load_settings(Path(order["settings"]["SOLO_DATA_DIR"])))
            print("done", flush=True)
            continue
        if "at" in order:
            plan |= {**order, "kill": "yes" if order["do"] == "die" else ""}
            continue
        assert app is not None
        module, _, name = order["service"].partition(":")
        try:
            with app.app_context():
                getattr(import_module(module), name)(*order["args"], **order["kwargs"])
            print("done", flush=True)
        except Exception as error:
            print(f"{type(error).__name__}: {error}".splitlines()[0], flush=True)


if __name__ == "__main__":
    main()
