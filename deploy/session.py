"""What all tasks of fabfile.py share: the terminal, the hosts, questions, and errors in one line."""

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar, cast

import fabric
from fabric import Config
from invoke.exceptions import Exit

from deploy.connection import HostConnection
from deploy.errors import Declined, DeployError
from deploy.host_program import pack_host_program
from deploy.hosts import choose_hosts
from deploy.interrupts import Interrupts
from deploy.site import Site
from deploy.terminal import Terminal, is_coloured

Body = TypeVar("Body", bound=Callable[..., Any])
ROOT = Path(__file__).resolve().parents[1]
HOSTS_FILE = ROOT / "deploy" / "hosts.toml"
DIST = ROOT / "dist"
RELEASE_NAME = re.compile(r"\d{8}T\d{6}Z-\S+")


def names_release(words: list[str]) -> bool:
    """Whether a release stands on the command line. Invoke has no arguments by place that may be left out."""
    return any(RELEASE_NAME.fullmatch(word) for word in words)


def task(*, help: Mapping[str, str], positional: Sequence[str] = ()) -> Callable[[Body], Body]:
    """Return Fabric's decorator, without one-letter options: those would hide fab's own, such as ``-H``."""
    return cast(Callable[[Body], Body], fabric.task(help=help, positional=positional, auto_shortflags=False))


@contextmanager
def on_terminal() -> Iterator[Terminal]:
    """Yield a terminal; end the program with exit code 1 and a line on stderr for what an operator can cause."""
    terminal = Terminal()
    try:
        yield terminal
    except DeployError as error:
        raise Exit(_in_red(str(error)), code=1) from None
    except KeyboardInterrupt:
        raise Exit(_in_red("Stopped by the operator."), code=1) from None
    finally:
        if terminal.is_gone:  # a closed pipe: let Python not complain of it at the very end
            with suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _in_red(text: str) -> str:
    return f"\n\x1b[31m{text}\x1b[0m" if is_coloured(sys.stderr) else f"\n{text}"


def connections(config: Config, hosts_file: str, named: str) -> list[HostConnection]:
    """Return the hosts of a task, not connected yet.

    Raises:
        DeployError: see choose_hosts.
    """
    file = Path(hosts_file) if hosts_file else Path(os.path.relpath(HOSTS_FILE))
    if hosts_file and not file.is_file():
        raise DeployError(f"There is no file {hosts_file}.")
    program = pack_host_program()
    return [HostConnection(host, config, program) for host in choose_hosts(file, named)]


@contextmanager
def on_site(terminal: Terminal, hosts: list[HostConnection], task: str) -> Iterator[Site]:
    """Yield the hosts as a site; signals wait for its steps, and its connections end with it."""

    def tell(waits_for: str) -> None:
        terminal.warn("", f"Heard you: {waits_for}.")

    with Interrupts(tell) as interrupts:
        site = Site(hosts, terminal, interrupts, task)
        try:
            yield site
        finally:
            site.close()


def asker(terminal: Terminal, *, yes: bool, must_say: bool = False) -> Callable[[str], None]:
    """Return what asks the operator: nothing with ``yes``, or where nobody sits there; unless he ``must_say`` yes.

    It raises Declined when the answer is no.
    """

    def ask(question: str) -> None:
        if yes or (not must_say and not terminal.can_ask):
            return
        if not terminal.can_ask:
            raise Declined("Nobody is there to be asked: say --yes. Nothing was changed.")
        if not terminal.ask(question):
            raise Declined("Nothing was changed.")

    return ask
