"""The command line: one command a step of a deployment."""

import argparse
import errno
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

from .activation import activate
from .database import compare, migrate
from .events import Events, Failed
from .layout import Layout, layout_of
from .locks import SILENCE, STEP_PATIENCE, hold_deploy_lock, read_deploy_lock, step_lock
from .log_files import show_logs
from .preparation import prepare
from .processes import list_processes, supervisor_state
from .pruning import prune
from .releases import FAILED, GOOD, current_name, list_releases, mark

Result = dict[str, Any]
Command = Callable[[Layout, argparse.Namespace, Events], Result]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit status."""
    events = Events()
    layout = None
    try:
        options = _parser().parse_args(arguments)
        layout = layout_of(options.root)
        if options.command not in (_lock, _logs):  # those end with the connection; the others with their work
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        result = options.command(layout, options, events)
    except Failed as failure:
        events.failed(failure)
        return 1
    except OSError as error:
        events.failed(_explain(error, layout))
        return 1
    except Exception as error:  # the operator sees one line, and the rest below it
        events.failed(Failed(f"{type(error).__name__}: {error}", traceback.format_exc()))
        return 1
    if options.command is not _logs:
        events.done(result)
    return 0


def _explain(error: OSError, layout: Layout | None) -> Failed:
    place = error.filename or (layout.root if layout else "")
    text = f"{error.strerror or error}: {place}"
    if layout and error.errno in (errno.ENOSPC, errno.EDQUOT):
        with suppress(OSError):
            text += f" ({shutil.disk_usage(layout.root).free // 2**20} MB are free)"
    return Failed(text, traceback.format_exc())


def _lock(layout: Layout, options: argparse.Namespace, events: Events) -> Result:
    hold_deploy_lock(layout, options.owner, events, options.silence)
    return {}


def _prepare(layout: Layout, options: argparse.Namespace, events: Events) -> Result:
    with step_lock(layout, f"prepare {options.release}", options.patience) as lock:
        return prepare(
            layout,
            options.release,
            Path(options.archive),
            options.sha256,
            python=options.python,
            events=events,
            lock=lock,
        )


def _migrate(layout: Layout, options: argparse.Namespace, events: Events) -> Result:
    with step_lock(layout, f"migrate {options.release}", options.patience) as lock:
        return migrate(layout, options.release, events=events, lock=lock)


def _activate(layout: Layout, options: argparse.Namespace, events: Events) -> Result:
    with step_lock(layout, f"activate {options.release}", options.patience):
        return activate(layout, options.release, ready_seconds=options.timeout, events=events, again=options.again)


def _mark(layout: Layout, options: argparse.Namespace, events: Events) -> Result:
    with step_lock(layout, f"mark {options.release}", options.patience):
        return mark(layout, options.release, options.state, options.reason)


def _prune(layout: Layout, options: argparse.Namespace, events: Events) -> Result:
    with step_lock(layout, "prune", options.patience):
        return prune(layout, keep=options.keep, events=events, now=time.time())


def _status(layout: Layout, options: argparse.Namespace, events: Events) -> Result:
    existing = next(folder for folder in (layout.root, *layout.root.parents) if folder.exists())
    return {
        "current": current_name(layout),
        "releases": [release.as_told() for release in list_releases(layout)],
        "supervisor": supervisor_state(layout),
        "processes": list_processes(layout),
        "lock": read_deploy_lock(layout),
        "disk_free": shutil.disk_usage(existing).free,
    }


def _database(layout: Layout, options: argparse.Namespace, events: Events) -> Result:
    return compare(layout, options.release)


def _logs(layout: Layout, options: argparse.Namespace, events: Events) -> Result:
    show_logs(layout, file=options.file, lines=options.lines, follow=options.follow, events=events)
    return {}


def _count(text: str) -> int:
    if (number := int(text)) < 1:
        raise ValueError
    return number


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise Failed(f"{self.prog}: {message}")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="host", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Command, text: str, *, changes: bool = True) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=text, description=text)
        added.set_defaults(command=run)
        added.add_argument("root", metavar="ROOT")
        if changes:
            added.add_argument("--patience", type=float, default=STEP_PATIENCE, help="seconds to wait for another step")
        return added

    _add_steps(command)
    locking = command("lock", _lock, "hold the lock until stdin is closed or silent", changes=False)
    locking.add_argument("--owner", required=True)
    locking.add_argument("--silence", type=float, default=SILENCE, help="seconds")
    command("status", _status, "tell what is here and what runs", changes=False)
    comparing = command("database", _database, "tell what a downgrade to a release would undo", changes=False)
    comparing.add_argument("release", metavar="RELEASE")
    showing = command("logs", _logs, "show the end of the logs", changes=False)
    showing.add_argument("--lines", type=_count, default=100)
    showing.add_argument("--follow", action="store_true")
    showing.add_argument("--file", help="one of them only, for example access.log")
    return parser


def _add_steps(command: Callable[..., argparse.ArgumentParser]) -> None:
    preparing = command("prepare", _prepare, "unpack an archive and build its environment")
    preparing.add_argument("release", metavar="RELEASE")
    preparing.add_argument("archive", metavar="ARCHIVE")
    preparing.add_argument("sha256", metavar="SHA256")
    preparing.add_argument("--python", default="python3")
    migrating = command("migrate", _migrate, "apply the migrations of a release")
    migrating.add_argument("release", metavar="RELEASE")
    activating = command("activate", _activate, "have all processes run a release, one after the other")
    activating.add_argument("release", metavar="RELEASE")
    activating.add_argument("--timeout", type=float, default=20, help="seconds for a process to be ready")
    activating.add_argument("--again", action="store_true", help="start those that run it already once more")
    marking = command("mark", _mark, "write down what became of a release")
    marking.add_argument("release", metavar="RELEASE")
    marking.add_argument("state", choices=(GOOD, FAILED))
    marking.add_argument("--reason")
    pruning = command("prune", _prune, "remove what is not needed any more")
    pruning.add_argument("--keep", type=_count, default=5, help="good releases to keep")
