"""``fab restart``: every process once more, one after the other, so that it reads the settings as they are now."""

import time
from collections.abc import Callable, Mapping

from deploy.errors import DeployError, HostError
from deploy.reports import Status
from deploy.rollout import STOPPED, Rollout, where_it_is
from deploy.site import Site, refuse_locked
from deploy.terminal import in_words


def restart(site: Site, confirm: Callable[[str], None]) -> None:
    """Start all processes of a site again, with the release that they run. ``confirm`` asks the operator.

    Settings that cannot be read, or lead to no database, are found before a process is touched.

    Raises:
        DeployError: the hosts run different releases, or a process does not come up. The others serve.
    """
    try:
        site.connect(create=False)
        before = site.look()
        release = _common_release(before)
        _show(site, before)
        refuse_locked(before)
        confirm(f"Restart {in_words(len(site.targets), 'host')}?")
        began = time.monotonic()
        with site.locked(before), site.interrupts.held("all processes are started again, this is the end of it"):
            site.terminal.heading("Try the settings, side by side")
            site.on_all(lambda target, _: target.run("database", release), told=lambda _: "they can be read")
            nowhere = dict.fromkeys(before)  # bad settings would be read by another release as well
            Rollout(site, release, nowhere, is_new=False, again=True).run()
    except KeyboardInterrupt:
        raise DeployError(f"{STOPPED.capitalize()}. Nothing was changed.") from None
    except HostError as error:
        if error.log:
            site.terminal.log(error.log)
        raise DeployError(f"{error}\n  Nothing was changed.") from None
    site.terminal.heading(f"{release} runs on {in_words(len(site.targets), 'host')}, with the settings of now")
    site.terminal.done("", "restarted", time.monotonic() - began)


def _common_release(states: Mapping[str, Status]) -> str:
    releases = {status.current for status in states.values()}
    if len(releases) > 1:
        raise DeployError("The hosts run different releases (fab status): deploy first, or name hosts with --hosts.")
    (release,) = releases
    if release is None:
        raise DeployError("Nothing runs on these hosts yet: there is nothing to restart.")
    return release


def _show(site: Site, before: Mapping[str, Status]) -> None:
    site.terminal.heading("Plan: restart")
    rows = [(name, *where_it_is(status)) for name, status in before.items()]
    site.terminal.table(("HOST", "RUNS", "STATE", "PROCESSES"), rows)
    site.terminal.line()
