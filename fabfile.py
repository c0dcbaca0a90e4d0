"""Builds, deploys and takes back releases: ``fab --list``, ``fab deploy --help``. The work is done in deploy/."""

import os
import sys

from fabric import Connection

from deploy.archive import build_archive
from deploy.deployment import deploy as deploy_archive
from deploy.following import show_logs
from deploy.overview import ask_all, check_all_answered, show_releases, show_status
from deploy.repository import Repository
from deploy.restart import restart as restart_site
from deploy.rollback import roll_back
from deploy.session import DIST, ROOT, asker, connections, names_release, on_site, on_terminal, task
from deploy.terminal import in_bytes

WHERE = {
    "hosts": "Only these, by name or address, with commas between them. -H is the same.",
    "hosts_file": "Where the hosts are [default: deploy/hosts.toml].",
}
DIRTY = {"dirty": "With changes that are not committed."}
YES = {"yes": "Do not ask."}


@task(help=DIRTY)
def build(c: Connection, dirty: bool = False) -> None:
    """Pack what is committed into dist/, with a manifest beside it."""
    with on_terminal() as terminal:
        archive = build_archive(ROOT, DIST, dirty=dirty)
        terminal.done("", f"{os.path.relpath(archive.path)}, {in_bytes(archive.size)}")


@task(help=DIRTY | YES | WHERE)
def deploy(c: Connection, dirty: bool = False, yes: bool = False, hosts: str = "", hosts_file: str = "") -> None:
    """Bring what is committed to all hosts, one after the other; back again if one fails."""
    with on_terminal() as terminal:
        targets = connections(c.config, hosts_file, hosts)
        terminal.heading("Build")
        archive = build_archive(ROOT, DIST, dirty=dirty)
        terminal.done("", f"{archive.title}, {in_bytes(archive.size)}")
        with on_site(terminal, targets, "fab deploy") as site:
            deploy_archive(site, archive, Repository(ROOT), asker(terminal, yes=yes))


RELEASE = {"release": "Which one [default: the last good one before the current]. `fab rollback RELEASE` does as well."}


@task(help=RELEASE | YES | WHERE, positional=["release"] if names_release(sys.argv) else [])
def rollback(
    c: Connection, release: str | None = None, yes: bool = False, hosts: str = "", hosts_file: str = ""
) -> None:
    """Take all hosts back to the last good release, or to the one named."""
    with on_terminal() as terminal:
        targets = connections(c.config, hosts_file, hosts)
        with on_site(terminal, targets, "fab rollback") as site:
            roll_back(site, release or "", asker(terminal, yes=yes, must_say=True))


@task(help=YES | WHERE)
def restart(c: Connection, yes: bool = False, hosts: str = "", hosts_file: str = "") -> None:
    """Start all processes again, one after the other, so that they read the settings of now."""
    with on_terminal() as terminal:
        targets = connections(c.config, hosts_file, hosts)
        with on_site(terminal, targets, "fab restart") as site:
            restart_site(site, asker(terminal, yes=yes))


@task(help=WHERE)
def releases(c: Connection, hosts: str = "", hosts_file: str = "") -> None:
    """List the releases on the hosts."""
    with on_terminal() as terminal:
        targets = connections(c.config, hosts_file, hosts)
        states = ask_all(targets, terminal)
        show_releases(states, terminal)
        check_all_answered(targets, states)


@task(help=WHERE)
def status(c: Connection, hosts: str = "", hosts_file: str = "") -> None:
    """Show what each host runs, its processes, its disk and its lock."""
    with on_terminal() as terminal:
        targets = connections(c.config, hosts_file, hosts)
        states = ask_all(targets, terminal)
        show_status([target.host for target in targets], states, terminal)
        check_all_answered(targets, states)


LOGS = {
    "file": "Only this one, such as access.log or solo_0.log [default: all but access.log].",
    "lines": "How many of the last lines.",
    "follow": "Go on with what comes, until Ctrl-C.",
}


@task(help=LOGS | WHERE)
def logs(
    c: Connection, file: str = "", lines: int = 100, follow: bool = False, hosts: str = "", hosts_file: str = ""
) -> None:
    """Show the logs of all hosts, each line behind its host's name."""
    with on_terminal() as terminal:
        targets = connections(c.config, hosts_file, hosts)
        show_logs(targets, terminal, file=file, lines=lines, follow=follow)
