"""The same step on all hosts at once, a thread each."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from deploy.errors import HostError
from deploy.target import Say, Target
from deploy.terminal import Terminal

BETWEEN_PACKAGES = 5.0  # seconds
T = TypeVar("T")
Action = Callable[[Target, Say], T]


class SomeFailed(HostError):
    """The step failed on one host or more, and they have been named."""


def on_all(
    targets: Sequence[Target], action: Action[T], terminal: Terminal, told: Callable[[T], str] | None = None
) -> dict[str, T]:
    """Return what ``action`` returns for each host, by the hosts' names, in their order.

    With ``told``, each host gets a line when it is through, made of its result. Waits for all hosts, also when one
    fails, so that all that is wrong is said at once.

    Raises:
        SomeFailed: it failed on a host.
        KeyboardInterrupt: connections are closed by then, so that no thread is left behind.
    """

    def work(target: Target) -> T:
        began = time.monotonic()
        try:
            result = action(target, teller(terminal, target.name))
        except HostError as error:
            terminal.failed(target.name, error.message, time.monotonic() - began)
            raise
        if told:
            terminal.done(target.name, told(result), time.monotonic() - began)
        return result

    with ThreadPoolExecutor(max_workers=len(targets), thread_name_prefix="host") as pool:
        try:
            futures = {target.name: pool.submit(work, target) for target in targets}
            wait(futures.values())
        except KeyboardInterrupt:
            for target in targets:
                target.close()
            raise
    failures = [error for future in futures.values() if isinstance(error := future.exception(), HostError)]
    if failures:
        raise _summary(failures, len(targets))
    return {name: future.result() for name, future in futures.items()}


def teller(terminal: Terminal, name: str) -> Say:
    """Return what shows a host's steps, with the time since now; of pip's many packages one now and then."""
    began = time.monotonic()
    silent_until = 0.0

    def tell(text: str) -> None:
        nonlocal silent_until
        seconds = time.monotonic() - began
        if text.startswith("Collecting "):
            if seconds < silent_until:
                return
            silent_until = seconds + BETWEEN_PACKAGES
        terminal.step(name, text, seconds)

    return tell


def _summary(failures: Sequence[HostError], hosts: int) -> HostError:
    first = failures[0]
    more = f" (and {len(failures) - 1} more of {hosts} hosts failed)" if len(failures) > 1 else ""
    return SomeFailed(first.host, first.message + more, first.log)
