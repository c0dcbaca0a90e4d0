"""``activate`` of releases that are no good: what is told, what still serves, and how it is mended."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.deploy.host_program.site import Site, wait_for
from tests.services.process import make_folder


@pytest.fixture(scope="module")
def serving(program: Path) -> Iterator[tuple[Site, str]]:
    """A host that serves, with its good release; activate that before the test."""
    folder = make_folder("program")
    site = Site(folder, program)
    site.startsecs = 1
    good = site.add_release()
    yield site, good
    site.close()
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("behaviour", "process", "error", "log"),
    [
        ("crash", "solo:solo_0", "does not stay up: ", "RuntimeError: the settings are upside down"),
        (
            "never_ready",
            "solo:solo_0",
            "was not ready within 1 s: 503 This process cannot serve now. database: away",
            "the database is away",
        ),
        ("nameless", "solo:solo_0", "was not ready within 1 s: it says that it is of release development", ""),
        ("crash_soon", "solo:solo_0", "does not stay up: ", "RuntimeError: out of luck"),
        ("worker_crash", "worker:worker", "does not stay up: ", "no jobs today"),
    ],
    ids=["crash", "never ready", "nameless", "crash soon", "worker crash"],
)
def test_a_bad_release_is_told_with_its_log_and_goes_back(
    behaviour: str, process: str, error: str, log: str, serving: tuple[Site, str]
) -> None:
    site, good = serving
    site.activate(good)
    bad = site.add_release(behaviour, state="prepared")
    told = site.run("activate", bad, "--timeout", "1")
    assert told["event"] == "failed", told
    assert (told["process"], told["previous"], told["was"]) == (process, good, good)
    assert told["error"].startswith(f"{process} {error}")
    assert log in (told["log"] or "")
    if process == "solo:solo_0":
        assert site.processes()[1]["release"] == good, "the others serve as before"
    site.activate(good)
    assert site.runs() == [good, good]


def test_a_release_that_proved_bad_is_nothing_to_go_back_to(serving: tuple[Site, str]) -> None:
    site, good = serving
    site.activate(good)
    bad, next_one = site.add_release("crash", state="prepared"), site.add_release("crash", state="prepared")
    site.run("activate", bad)
    told = site.run("activate", next_one)
    assert (told["event"], told["previous"], told["was"]) == ("failed", good, bad)
    site.activate(good)


def test_a_process_that_supervisord_has_given_up_is_started(serving: tuple[Site, str]) -> None:
    site, good = serving
    site.activate(good)
    bad = site.add_release("crash", state="prepared")
    site.run("activate", bad)
    wait_for(lambda: site.processes()[0]["state"] == "FATAL")
    assert f"solo:solo_0: from FATAL to {good}" in site.activate(good)["steps"]
    assert site.runs() == [good, good]


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("numprocs=two", "supervisord does not accept supervisord.ini: "),
        ("", "supervisord.ini has no group solo"),
    ],
)
def test_a_supervisord_ini_that_is_no_good_goes_back(text: str, error: str, serving: tuple[Site, str]) -> None:
    site, good = serving
    site.activate(good)
    bad = site.add_release(
        state="prepared", ini=lambda ini: ini.replace("numprocs=2", text) if text else ini.replace("solo]", "other]")
    )
    told = site.run("activate", bad)
    assert (told["event"], told["previous"]) == ("failed", good)
    assert told["error"].startswith(error)
    site.activate(good)
    assert site.runs() == [good, good]


def test_a_supervisord_that_does_not_start_is_told_with_its_output(site: Site) -> None:
    told = site.run("activate", site.add_release("no_supervisord"))
    assert (told["error"], told["log"]) == ("supervisord does not start", "manage.py: the port 8000 is taken")
    good = site.add_release()
    site.activate(good)
    assert site.runs() == [good, good]
