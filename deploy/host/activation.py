"""``activate``: processes move to a release, one after the other. What serves goes on serving, whoever dies meanwhile.

- ``current`` is swapped first, by one rename. From then on whatever supervisord starts, for whatever reason, is of the
  new release; what runs goes on running the old one.
- Each process is exchanged as ``rolling.py`` says: a kill of this program leaves none of them down.
- A host that was left half way is finished by the next ``activate``: it asks each process what it runs.
- When nobody listens any more, the process in hand is finished and the rest is left as it is. Should that process have
  failed, its host goes back by itself: nobody else will do it.
"""

import time
from typing import Any

from .daemon import reach_supervisor, update_groups
from .events import Events, Failed
from .layout import Layout
from .processes import SERVER_GROUP, release_of, working_directory
from .releases import GOOD, Release, current_name, find_release, good_releases, list_releases, make_current
from .rolling import Rolling
from .supervisor import EXITED, STOPPED, NotRunning, ProcessInfo, ShuttingDown, Supervisor


class Abandoned(Failed):
    """Nobody listens any more; all that was begun is finished."""


def activate(layout: Layout, name: str, *, ready_seconds: float, events: Events, again: bool = False) -> dict[str, Any]:
    """Have all processes of a host run a release; ``again``: also those that run it, for they have read old settings.

    ``previous`` in the result, and in the details of a failure, is what to go back to: the release that was current,
    or, when that has not proved good, the last one that has; None when ``name`` itself has served. ``was``: what was
    current.

    Raises:
        Failed: supervisord or a process does not come up. The host stays as it is then: some processes of the old
            release, one down or not ready; ``activate`` of the previous release mends it.
    """
    begun = time.monotonic()
    release = find_release(layout, name)
    was = current_name(layout)
    told = {"previous": None if again else _to_go_back_to(layout, release, was), "was": was}
    try:
        names = _activate(layout, release, ready_seconds, events, again=again)
    except Abandoned:
        raise
    except Failed as failure:
        failure.details = {**told, **failure.details}
        if not events.are_heard and told["previous"]:
            _activate(layout, find_release(layout, told["previous"]), ready_seconds, events, unheard=True)
        raise
    return {**told, "processes": names, "seconds": round(time.monotonic() - begun, 2)}


def _to_go_back_to(layout: Layout, release: Release, was: str | None) -> str | None:
    if was == release.name and release.state == GOOD:
        return None  # it has served: what fails now is not its fault
    others = [other for other in list_releases(layout) if other.name != release.name]
    good = [other.name for other in good_releases(others)]
    if was in good or not good:
        return was if was != release.name else None
    return good[0]


def _activate(
    layout: Layout,
    release: Release,
    ready_seconds: float,
    events: Events,
    *,
    unheard: bool = False,
    again: bool = False,
) -> list[str]:
    if current_name(layout) != release.name:
        make_current(layout, release)
        events.step(f"current is {release.name}")
    try:
        outdated = _running(layout) if again else set()  # those that are started from now on read what is now
        supervisor = reach_supervisor(layout, release, events)
        update_groups(supervisor, events)
        rolling = Rolling(layout, supervisor, events, release=release.name, ready_seconds=ready_seconds)
        rolling.outdated = outdated
        done: list[ProcessInfo] = []
        for info in _to_bring(layout, supervisor):
            if not events.are_heard and not unheard:
                raise Abandoned(f"nobody listens any more: left after {len(done)} processes")
            events.step(f"{info.name}: {_what_happens(layout, info, release, again=again)}")
            done.append(rolling.bring(info.name))
        rolling.look_again(done)
    except (NotRunning, ShuttingDown):
        raise Failed("supervisord has ended meanwhile; its log knows why") from None
    return [info.name for info in done]


def _running(layout: Layout) -> set[int]:
    try:
        return {info.pid for info in Supervisor(layout).processes()}
    except (NotRunning, ShuttingDown):
        return set()


def _to_bring(layout: Layout, supervisor: Supervisor) -> list[ProcessInfo]:
    """Return the server's processes, and then the others, but for those that somebody stopped or that run once."""
    infos = supervisor.processes()
    server = [info for info in infos if info.group == SERVER_GROUP]
    others = [info for info in infos if info.group != SERVER_GROUP and info.state not in (STOPPED, EXITED)]
    if not server:
        raise Failed(f"supervisord.ini has no group {SERVER_GROUP}")
    for info in infos:
        if info.pid and working_directory(info.pid) is None and supervisor.process(info.name).pid == info.pid:
            raise Failed(f"{info.name} is out of sight: deploy as the user that it runs as")
    return [*sorted(server, key=lambda info: (len(info.name), info.name)), *others]


def _what_happens(layout: Layout, info: ProcessInfo, release: Release, *, again: bool) -> str:
    runs = release_of(layout, info.pid) if info.pid else None
    if runs != release.name:
        return f"from {runs or info.state} to {release.name}"
    return "starting it again" if again else "runs it, waiting until it is ready"
