import json
import subprocess
from pathlib import Path

import pytest

from tests.deploy.host_program.site import Site


def write_log(site: Site, name: str, text: str) -> Path:
    path = site.root / "shared" / "var" / "logs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def logs(site: Site, *words: str) -> str:
    ended = subprocess.run(site.command("logs", *words), capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout


def test_status_of_a_host_tells_releases_the_newest_first(site: Site) -> None:
    older, newer = site.add_release(), site.add_release(state="failed")
    (site.root / "current").symlink_to(f"releases/{older}")
    told = site.run("status")
    assert (told["current"], told["lock"], told["processes"], told["supervisor"]) == (older, None, [], "stopped")
    assert [release["name"] for release in told["releases"]] == [newer, older]
    first = {"state": "failed", "at": "2027-01-31T12:00:00Z", "reason": None, "version": "0.1.0", "revision": "1a"}
    assert told["releases"][0].items() >= first.items()
    assert told["disk_free"] > 0


def test_status_copes_with_what_is_broken(site: Site) -> None:
    release = site.add_release()
    (site.root / "releases" / release / "state.json").write_text("{")
    (site.root / "releases" / release / "release.json").write_text("[]")
    (site.root / "current").symlink_to("releases/20260101T000000Z-gone")
    told = site.run("status")
    assert (told["current"], told["releases"][0]["state"], told["releases"][0]["version"]) == (None, "unknown", None)


@pytest.mark.parametrize("size", [3, 200_000], ids=["short", "of several blocks"])
def test_the_last_lines_of_a_log_are_shown(size: int, site: Site) -> None:
    write_log(site, "solo.log", "".join(f"line {number}\n" for number in range(size)))
    assert logs(site, "--file", "solo.log", "--lines", "2") == f"line {size - 2}\nline {size - 1}\n"
    assert logs(site, "--file", "solo.log", "--lines", "1000000").count("\n") == size


def test_all_logs_but_the_access_log_are_shown_by_name(site: Site) -> None:
    for name in ("access.log", "solo.log", "solo_0.log"):
        write_log(site, name, f"of {name}\n")
    assert logs(site) == "solo.log   | of solo.log\nsolo_0.log | of solo_0.log\n"
    assert logs(site, "--file", "access.log") == "of access.log\n"


@pytest.mark.parametrize("name", ["other.log", "../../.env"])
def test_a_file_that_is_no_log_is_refused(name: str, site: Site) -> None:
    write_log(site, "solo.log", "\n")
    (site.root / "shared" / ".env").write_text("SECRET=1")
    told = site.run("logs", "--file", name)
    assert told["error"] == f"there is no log {name} on this host; there are: solo.log"


def test_a_followed_log_is_shown_over_its_rotation_until_nobody_reads(site: Site) -> None:
    path = write_log(site, "solo.log", "one\n")
    with subprocess.Popen(
        site.command("logs", "--follow", "--lines", "5"), stdout=subprocess.PIPE, text=True
    ) as following:
        assert following.stdout
        assert following.stdout.readline() == "solo.log | one\n"
        with path.open("a") as file:
            file.write("two\nthr")
            file.flush()
            assert following.stdout.readline() == "solo.log | two\n"
            file.write("ee\n")
        assert following.stdout.readline() == "solo.log | three\n"
        path.rename(path.with_suffix(".log.1"))
        path.write_text("four\n")
        assert following.stdout.readline() == "solo.log | four\n"
        following.stdout.close()
        assert following.wait(10) == 0


def test_events_are_lines_of_json_whatever_names_hold(site: Site) -> None:
    release = site.add_release()
    site.run("mark", release, "failed", "--reason", 'two\nlines "and" ü')
    ended = subprocess.run(site.command("status"), capture_output=True, text=True)
    assert ended.stdout.count("\n") == 1
    assert json.loads(ended.stdout)["releases"][0]["reason"] == 'two\nlines "and" ü'
