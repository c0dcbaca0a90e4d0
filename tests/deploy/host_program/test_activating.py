"""``activate``: processes move to a release, one after the other."""

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.deploy.host_program.site import Site, wait_for

EVERYBODY = ["solo:solo_0", "solo:solo_1", "worker:worker"]


def pids(site: Site) -> dict[str, int]:
    return {one["name"]: one["pid"] for group in ("solo", "worker", "jobs") for one in site.processes(group)}


def stop(site: Site, name: str) -> None:
    """What somebody does with supervisorctl."""
    address = f"unix://{site.root}/current/var/run/supervisord.sock"
    subprocess.run([sys.executable, "-m", "supervisor.supervisorctl", "-s", address, "stop", name], check=True)


@contextmanager
def visitors(address: Path) -> Iterator[list[str]]:
    """Ask at the shared socket all the time; yields what went wrong, at the end also "nobody asked" if so."""
    wrong: list[str] = []
    asked, over = 0, threading.Event()

    def ask() -> None:
        nonlocal asked
        while not over.is_set():
            asked += 1
            try:
                with socket.socket(socket.AF_UNIX) as client:
                    client.settimeout(10)
                    client.connect(str(address))
                    client.sendall(b"GET / HTTP/1.1\r\n\r\n")
                    if not (answer := client.recv(100)).startswith(b"HTTP/1.1 200 "):
                        wrong.append(f"{answer!r}")
            except OSError as error:
                wrong.append(repr(error))
            over.wait(0.005)

    asking = threading.Thread(target=ask)
    asking.start()
    try:
        yield wrong
    finally:
        over.set()
        asking.join()
        if asked < 10:
            wrong.append("nobody asked")


def test_the_first_release_starts_supervisord(site: Site) -> None:
    release = site.add_release()
    told = site.activate(release)
    assert (told["previous"], told["was"], told["processes"]) == (None, None, EVERYBODY)
    assert os.readlink(site.root / "current") == f"releases/{release}"
    assert site.runs() == [release, release]
    status = site.run("status")
    assert (status["current"], status["supervisor"]) == (release, "running")
    assert {one["state"] for one in status["processes"]} == {"RUNNING"}
    assert all(one["uptime"] >= 0 for one in status["processes"])


def test_processes_move_one_after_the_other_and_nobody_is_refused(site: Site) -> None:
    old, new = site.add_release(), site.add_release(state="prepared")
    site.activate(old)
    daemon, before = site.supervisord(), pids(site)
    with visitors(site.root / "shared/var/run/web.sock") as wrong:
        told = site.activate(new)
    assert wrong == []
    assert (told["previous"], told["was"]) == (old, old)
    assert [step.split(":")[1] for step in told["steps"][1:]] == ["solo_0", "solo_1", "worker"]
    assert site.runs() == [new, new]
    assert site.supervisord() == daemon
    assert not set(pids(site).values()) & set(before.values())

    again = pids(site)
    told = site.activate(new)
    assert (told["previous"], told["was"]) == (old, new)
    assert pids(site) == again, "what runs it already is not restarted"


def test_what_runs_a_release_is_started_once_more_when_asked_for(site: Site) -> None:
    release = site.add_release()
    site.activate(release)
    before = pids(site)
    with visitors(site.root / "shared/var/run/web.sock") as wrong:
        told = site.activate(release, "--again")
    assert wrong == []
    assert told["steps"] == [f"{name}: starting it again" for name in told["processes"]]
    assert site.runs() == [release, release]
    assert not set(pids(site).values()) & set(before.values())


def test_a_dangling_current_counts_as_none(site: Site) -> None:
    (site.root / "current").symlink_to("releases/20260101T000000Z-gone")
    release = site.add_release()
    assert site.activate(release)["was"] is None
    assert site.runs() == [release, release]


def test_a_folder_in_the_place_of_current_is_left_alone(site: Site) -> None:
    (site.root / "current").mkdir(parents=True)
    told = site.run("activate", site.add_release())
    assert told["error"] == f"{site.root}/current is not a link: move it away"


def test_a_release_without_its_environment_is_not_activated(site: Site) -> None:
    release = site.add_release()
    (site.root / "releases" / release / ".venv" / ".complete").unlink()
    error = f"release {release} has no environment on this host: prepare it again"
    assert site.run("activate", release)["error"] == error
    assert not (site.root / "current").is_symlink()


def test_a_supervisord_that_was_killed_is_replaced_and_its_processes_with_it(site: Site) -> None:
    old, new = site.add_release(), site.add_release()
    site.activate(old)
    before = pids(site)
    os.kill(site.supervisord(), signal.SIGKILL)
    assert site.run("status")["supervisor"] == "stopped", "its socket is still there"
    assert "starting supervisord" in site.activate(new)["steps"]
    assert site.runs() == [new, new]
    orphans = {pid for name, pid in before.items() if name.startswith("solo:")}
    assert not orphans & set(site.pids()), "they would hold the port"


def test_a_supervisord_on_its_way_out_is_waited_for(site: Site) -> None:
    old, new = site.add_release("stubborn"), site.add_release()
    site.activate(old)
    os.kill(site.supervisord(), signal.SIGTERM)
    wait_for(lambda: site.run("status")["supervisor"] == "stopping")
    assert "starting supervisord" in site.activate(new)["steps"]
    assert site.runs() == [new, new]


def test_a_process_that_does_not_end_is_killed_after_its_time(site: Site) -> None:
    old, new = site.add_release("stubborn"), site.add_release()
    site.activate(old)
    assert "solo:solo_0 has not ended in 2 s: killing it" in site.activate(new)["steps"]
    assert site.runs() == [new, new]


def test_a_stopped_process_of_the_server_is_started_and_a_stopped_worker_is_let_be(site: Site) -> None:
    old, new = site.add_release(), site.add_release()
    site.activate(old)
    stop(site, "solo:solo_1")
    stop(site, "worker")
    told = site.activate(new)
    assert f"solo:solo_1: from STOPPED to {new}" in told["steps"]
    assert told["processes"] == EVERYBODY[:2]
    assert site.runs() == [new, new]
    assert site.processes("worker")[0]["state"] == "STOPPED"


def test_groups_follow_supervisord_ini(site: Site) -> None:
    old = site.add_release()
    three = site.add_release(ini=lambda text: text.replace("numprocs=2", "numprocs=3"))
    renamed = site.add_release(ini=lambda text: text.replace("[program:worker]", "[program:jobs]"))
    site.activate(old)
    before = pids(site)
    steps = site.activate(three)["steps"]
    assert "group solo has changed in supervisord.ini: stopping and starting it as a whole" in steps
    assert site.runs() == [three, three, three]
    site.activate(renamed)
    assert sorted(pids(site)) == ["jobs:jobs", "solo:solo_0", "solo:solo_1"]
    assert not set(before.values()) & set(site.pids())
