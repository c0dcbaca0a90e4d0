import os
import subprocess
import sys
import time
from pathlib import Path

from tests.deploy.host_program.site import KEY, Site


def names(site: Site) -> list[str]:
    return sorted(path.name for path in (site.root / "releases").iterdir())


def point_current(site: Site, release: str) -> None:
    (site.root / "current").symlink_to(f"releases/{release}")


def test_the_newest_good_ones_and_the_newest_failed_ones_stay(site: Site) -> None:
    good = [site.add_release() for _ in range(4)]
    failed = [site.add_release(state="failed") for _ in range(5)]
    aborted = [site.add_release(state="prepared") for _ in range(2)]
    current = site.add_release()
    waiting = site.add_release(state="prepared")
    point_current(site, current)
    told = site.run("prune", "--keep", "3")
    assert sorted(told["removed"]) == sorted([*good[:2], *failed[:2], *aborted])
    assert names(site) == sorted([*good[2:], *failed[2:], current, waiting])
    assert sorted(told["kept"]) == names(site)


def test_what_is_current_and_what_to_roll_back_to_stay_however_old_they_are(site: Site) -> None:
    oldest, older, current, *newer = (site.add_release() for _ in range(6))
    point_current(site, current)
    (site.root / "releases" / newer[1] / "state.json").unlink()
    site.run("prune", "--keep", "1")
    assert names(site) == sorted([older, current, *newer]), "what is newer than current may be wanted again"
    assert oldest not in names(site)


def test_a_host_without_current_loses_nothing(site: Site) -> None:
    releases = [site.add_release(state="prepared") for _ in range(3)]
    assert site.run("prune", "--keep", "1")["removed"] == []
    assert names(site) == releases


def test_what_a_process_runs_from_stays_with_its_environment(site: Site) -> None:
    old, forgotten, *good = (site.add_release() for _ in range(5))
    point_current(site, good[-1])
    for release, key in ((old, "1" * 16), (forgotten, "2" * 16)):
        link = site.root / "releases" / release / ".venv"
        link.unlink()
        link.symlink_to(f"../../venvs/{site.add_environment(key)}")
    by_name = site.root / "venvs" / site.add_environment("3" * 16) / "bin" / "python"
    waiting = ["-c", "print('up', flush=True); input()"]
    started = [
        subprocess.Popen(command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        for command, cwd in (
            ([sys.executable, *waiting], site.root / "releases" / old),
            ([sys.executable, *waiting, str(by_name)], Path("/")),
        )
    ]
    assert [process.stdout and process.stdout.readline() for process in started] == [b"up\n", b"up\n"]
    told = site.run("prune", "--keep", "3")
    for process in started:
        process.communicate(b"\n")
    assert told["removed"] == [forgotten]
    assert told["environments"] == ["2" * 16]
    assert sorted(path.name for path in (site.root / "venvs").iterdir()) == [KEY, "1" * 16, "3" * 16]


def test_what_was_left_half_made_goes(site: Site) -> None:
    release = site.add_release()
    point_current(site, release)
    for folder in (f".{release}.partial", f".{release}.removed"):
        (site.root / "releases" / folder / "deep").mkdir(parents=True)
    (site.root / "venvs" / "feed" / "lib").mkdir(parents=True)
    site.run("prune")
    assert names(site) == [release]
    assert [path.name for path in (site.root / "venvs").iterdir()] == [KEY]


def test_old_archives_and_tools_go_and_young_ones_may_be_on_their_way(site: Site) -> None:
    point_current(site, site.add_release())
    two_hours_ago = time.time() - 7200
    old = ("incoming/old.tar.gz", "tools/host-old.pyz", "tools/host-old.pyz.7f.partial", "tools/mine")
    for path in (*old, "incoming/new.tar.gz", "tools/host-new.pyz"):
        file = site.root / path
        file.parent.mkdir(exist_ok=True)
        file.touch()
        if path in old:
            os.utime(file, (two_hours_ago, two_hours_ago))
    site.run("prune")
    left = [str(path.relative_to(site.root)) for name in ("incoming", "tools") for path in (site.root / name).iterdir()]
    assert sorted(left) == ["incoming/new.tar.gz", "tools/host-new.pyz", "tools/mine"]
