"""The plan of a deploy, as the operator reads it before saying yes."""

from collections.abc import Sequence

from deploy.plan import Plan
from deploy.reports import Status
from deploy.terminal import Cell, Terminal, in_bytes, in_words

LISTED = 12
STATE_COLOURS = {"good": "green", "failed": "red", "prepared": "yellow"}


def show_plan(plan: Plan, terminal: Terminal) -> None:
    """Write what is there, what will be, and what comes with it."""
    archive, count = plan.archive, len(plan.before)
    terminal.heading(f"Plan: {plan.release} to {in_words(count, 'host')}")
    terminal.line(f"{archive.title}, {in_bytes(archive.size)}: {archive.subject}")
    terminal.line()
    terminal.table(
        ("HOST", "RUNS NOW", "VERSION", "STATE", "PYTHON PACKAGES"),
        [(name, *running_cells(status), _packages(plan, name)) for name, status in plan.before.items()],
    )
    terminal.line()
    if plan.is_current:
        terminal.line("All of them run this commit already: processes that are behind are rolled over, nothing else.")
        return
    _show_commits(plan, terminal)
    _show_migrations(plan, terminal)
    lost = [name for name, back in plan.ways_back.items() if back is None]
    if lost:
        terminal.warn("", f"{', '.join(lost)}: nothing to go back to, should it fail; this is the first release there.")


def running_cells(status: Status) -> tuple[Cell, Cell, Cell]:
    """Return name, version and state of the release that a host runs, for a table."""
    release = status.running
    if release is None:
        return status.current or "nothing", "", ""
    return release.name, release.version, (release.state, STATE_COLOURS.get(release.state, ""))


def _packages(plan: Plan, name: str) -> Cell:
    return "there already" if plan.has_environment[name] else ("to be installed", "yellow")


def _show_commits(plan: Plan, terminal: Terminal) -> None:
    if plan.comes is None and any(status.current for status in plan.before.values()):
        terminal.line("What is new cannot be told: this clone does not have the commit that runs now.")
    if plan.comes:
        terminal.line(f"New in it: {in_words(len(plan.comes), 'commit')}")
        _list([(commit.short, commit.subject) for commit in plan.comes], terminal)
    if plan.goes:
        terminal.warn("", f"Not in it, though it runs now: {in_words(len(plan.goes), 'commit')}")
        _list([(commit.short, commit.subject) for commit in plan.goes], terminal)
    if plan.archive.left_out:
        terminal.warn("", "Not in it, since git does not know them:")
        _list([(path, "") for path in plan.archive.left_out], terminal)


def _show_migrations(plan: Plan, terminal: Terminal) -> None:
    if plan.migrations:
        terminal.line(f"New in it: {in_words(len(plan.migrations), 'migration')}, applied before a host is switched")
        _list([(revision.id, revision.message) for revision in plan.migrations], terminal)
    elif plan.migrations is not None:
        terminal.line("No migrations.")
    elif plan.database:
        terminal.warn("", f"The database is at {plan.database}, which this commit does not know: it is ahead.")
    else:
        terminal.line(f"Migrations: whatever brings the database to {plan.archive.release.revision}.")


def _list(entries: Sequence[tuple[str, str]], terminal: Terminal) -> None:
    for name, text in entries[:LISTED]:
        terminal.line(f"  {name}  {text}".rstrip())
    if len(entries) > LISTED:
        terminal.line(f"  and {len(entries) - LISTED} more")
