"""``activate`` that does not come to its end: killed, or left alone by who started it. Every process stays up."""

import signal
import time

import pytest

from tests.deploy.host_program.site import Running, Site, wait_for


def everybody_is_up(site: Site, *releases: str) -> bool:
    """Whether each process of the server is ready, of one of the releases, and the worker runs."""
    server, worker = site.processes(), site.processes("worker")
    ready = [one for one in server if one["ready"] and one["release"] in releases]
    return len(ready) == len(server) == 2 and all(one["pid"] for one in worker)


def kill_at(running: Running, text: str, delay: float) -> None:
    """kill -9, some seconds after it said something."""
    running.until(text)
    time.sleep(delay)
    running.kill()


@pytest.mark.parametrize(
    ("delay", "steps"),
    [
        (0.0, ["current is", "solo_0: from", "solo_1: from", "worker: from"]),
        (0.15, ["solo_0: from", "solo_1: from"]),
        (0.3, ["solo_0: from", "solo_1: from"]),
    ],
    ids=["at once", "while it drains", "while the next starts"],
)
def test_a_kill_at_any_step_leaves_every_process_up_and_the_next_activation_finishes(
    delay: float, steps: list[str], site: Site
) -> None:
    releases = [site.add_release(), site.add_release()]
    site.activate(releases[0])
    for step in steps:
        new = releases[1]
        kill_at(site.start("activate", new), step, delay)
        wait_for(lambda: everybody_is_up(site, *releases))
        assert site.run("status")["current"] == new
        told = site.activate(new)
        assert told["was"] == new
        assert site.runs() == [new, new]
        releases.reverse()


def test_a_kill_while_supervisord_starts_leaves_it_starting(site: Site) -> None:
    release = site.add_release("slow_supervisord")
    folder = site.root / "releases" / release
    running = site.start("activate", release)
    wait_for((folder / "waiting").exists)
    running.kill()
    (folder / "go_on").touch()
    wait_for(lambda: everybody_is_up(site, release))
    site.activate(release)


def test_a_kill_while_a_group_is_replaced_leaves_it_replaced(site: Site) -> None:
    old = site.add_release("stubborn")
    new = site.add_release(ini=lambda text: text.replace("stopwaitsecs=2", "stopwaitsecs=3"))
    site.activate(old)
    running = site.start("activate", new)
    wait_for(lambda: site.processes()[0]["state"] == "STOPPING")
    running.kill()
    wait_for(lambda: everybody_is_up(site, new))
    assert "runs it" in site.activate(new)["steps"][0]


def test_when_nobody_listens_the_process_in_hand_is_finished_and_the_others_are_left(site: Site) -> None:
    old, new = site.add_release(), site.add_release(state="prepared")
    site.activate(old)
    running = site.start("activate", new)
    running.until("solo_0: from")
    running.hang_up()
    running.process.send_signal(signal.SIGHUP)
    assert running.process.wait(15) == 1
    running.close()
    assert site.runs() == [new, old]
    site.activate(new)
    assert site.runs() == [new, new]


def test_when_nobody_listens_a_bad_release_goes_back_by_itself(site: Site) -> None:
    good, bad = site.add_release(), site.add_release("never_ready", state="prepared")
    site.activate(good)
    running = site.start("activate", bad, "--timeout", "1")
    running.until("solo_0: from")
    running.hang_up()
    assert running.process.wait(15) == 1
    running.close()
    assert site.run("status")["current"] == good
    assert everybody_is_up(site, good)


def test_when_nobody_listens_a_restart_that_fails_leaves_the_release_where_it_is(site: Site) -> None:
    older, current = site.add_release(), site.add_release()
    site.activate(older)
    site.activate(current)
    (site.root / "releases" / current / "behaviour").write_text("never_ready")
    running = site.start("activate", current, "--again", "--timeout", "1")
    running.until("solo_0: starting it again")
    running.hang_up()
    assert running.process.wait(15) == 1
    running.close()
    assert site.run("status")["current"] == current
    assert set(site.runs()) == {current}


def test_an_activation_that_is_left_alone_holds_the_next_one_up(site: Site) -> None:
    old, new = site.add_release(), site.add_release("never_ready", state="prepared")
    site.activate(old)
    running = site.start("activate", new, "--timeout", "3")
    running.until("solo_0: from")
    told = site.run("activate", old, "--patience", "0.2")
    assert told["error"].startswith(f"activate {new} still runs on this host, since ")
    assert site.activate(old)["was"] == new
    assert running.last()["event"] == "failed"
    assert everybody_is_up(site, old)
