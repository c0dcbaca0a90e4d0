"""``fab releases`` and ``fab status``: what is on the hosts, as tables."""

from collections.abc import Mapping, Sequence

from deploy.errors import DeployError, HostError
from deploy.hosts import Host
from deploy.reports import FAILED, Process, Status
from deploy.showing import STATE_COLOURS, running_cells
from deploy.side_by_side import on_all
from deploy.site import look_at
from deploy.target import Say, Target
from deploy.terminal import Cell, Terminal, in_bytes, in_words, span

LITTLE_SPACE = 1_000_000_000  # bytes
PROCESS_COLOURS = {"RUNNING": "green", "STARTING": "yellow", "STOPPING": "yellow"}


def ask_all(targets: Sequence[Target], terminal: Terminal) -> dict[str, Status]:
    """Return how the hosts are; those that do not answer are told, and missing in it."""
    terminal.names = max(len(target.name) for target in targets)

    def ask(target: Target, _: Say) -> Status | None:
        try:
            target.open(create=False)
            return look_at(target)
        except HostError as error:
            terminal.failed(target.name, error.message)
            return None

    found = on_all(targets, ask, terminal)
    return {name: status for name, status in found.items() if status is not None}


def check_all_answered(targets: Sequence[Target], states: Mapping[str, Status]) -> None:
    """Let the exit code tell.

    Raises:
        DeployError: some did not.
    """
    if len(states) < len(targets):
        raise DeployError(f"{len(targets) - len(states)} of {in_words(len(targets), 'host')} did not answer.")


def show_releases(states: Mapping[str, Status], terminal: Terminal) -> None:
    """Write the releases, the newest first; one line for all hosts where a release is alike."""
    found: dict[tuple[str, str, str, str, bool], list[str]] = {}
    reasons = {}
    for host, status in states.items():
        for release in status.releases:
            here = release.name == status.current
            key = (release.name, release.version, release.revision, release.state, here)
            found.setdefault(key, []).append(host)
            if release.state == FAILED and release.reason:
                reasons[release.name] = release.reason
    if not found:
        terminal.line("No releases yet." if states else "")
        return
    rows: list[tuple[Cell, ...]] = []
    for name, version, revision, state, here in sorted(found, reverse=True):
        hosts = found[name, version, revision, state, here]
        where = "all" if len(hosts) == len(states) else ", ".join(hosts)
        runs = ("runs", "cyan") if here else ""
        rows.append((runs, name, version, revision, (state, STATE_COLOURS.get(state, "")), where))
    terminal.table(("", "RELEASE", "VERSION", "DATABASE", "STATE", "HOSTS"), rows)
    for name, reason in sorted(reasons.items(), reverse=True):
        terminal.line(f"{name} failed: {reason}", "dim")


def show_status(hosts: Sequence[Host], states: Mapping[str, Status], terminal: Terminal) -> None:
    """Write what each host runs, and its processes."""
    for host in hosts:
        if host.name not in states:
            continue
        status = states[host.name]
        terminal.heading(f"{host.name}  {host.address}:{host.root}")
        release, version, state = running_cells(status)
        space = "" if status.disk_free is None else in_bytes(status.disk_free)
        little = status.disk_free is not None and status.disk_free < LITTLE_SPACE
        lock: Cell = (f"{status.lock_owner} since {status.locked_since}", "yellow") if status.lock_owner else "none"
        terminal.table(
            ("CURRENT", "VERSION", "STATE", "DISK FREE", "LOCK"),
            [(release, version, state, (space, "red" if little else ""), lock)],
        )
        if status.processes:
            rows = [_process_cells(process, status.current) for process in status.processes]
            terminal.table(("PROCESS", "STATE", "PID", "UP", "RELEASE", "READY"), rows)
        else:
            terminal.line("No processes: supervisord does not run.", "red" if status.current else "")


def _process_cells(process: Process, current: str | None) -> tuple[Cell, ...]:
    ready = ("yes", "green") if process.ready else (f"no: {process.problem}" if process.problem else "no", "red")
    return (
        process.name,
        (process.state, PROCESS_COLOURS.get(process.state, "red")),
        str(process.pid or ""),
        "" if process.uptime is None else span(process.uptime),
        (process.release, "" if process.release == current else "yellow"),
        ready,
    )
