import ast
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.host_program.conftest import SOURCE
from tests.deploy.host_program.site import Site

REPOSITORY = SOURCE.parents[1]


@pytest.mark.parametrize(
    "way", [["{program}"], [str(SOURCE)], ["-m", "deploy.host"]], ids=["archive", "folder", "package"]
)
def test_it_runs_however_it_is_packed(way: list[str], program: Path, tmp_path: Path) -> None:
    words = [word.format(program=program) for word in way]
    ended = subprocess.run(
        [sys.executable, *words, "status", str(tmp_path)], cwd=REPOSITORY, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert '"event": "done", "current": null, "releases": []' in ended.stdout


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["statu", "/srv/solo"], "invalid choice: 'statu'"),
        (["status"], "the following arguments are required: ROOT"),
        (["status", "srv/solo"], "the root must be an absolute path below /, not 'srv/solo'"),
        (["status", "/"], "the root must be an absolute path below /, not '/'"),
        (["mark", "/srv/solo", "x", "fine"], "invalid choice: 'fine'"),
        (["prune", "/srv/solo", "--keep", "0"], "argument --keep"),
    ],
)
def test_a_wrong_command_line_is_told_in_one_event(words: list[str], error: str, program: Path) -> None:
    ended = subprocess.run([sys.executable, str(program), *words], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr, ended.stdout.count("\n")) == (1, "", 1)
    assert '"event": "failed"' in ended.stdout
    assert error in ended.stdout


@pytest.mark.parametrize("name", ["../../etc", "20270131T120000Z-abc/..", "", "current", "20270131T120000Z-", ".x"])
def test_a_name_that_is_no_release_is_refused(name: str, site: Site) -> None:
    told = site.run("mark", name, "good")
    assert told["error"].startswith(f"{name!r} is not the name of a release")


@pytest.mark.parametrize("command", ["activate", "migrate", "database", "mark"])
def test_every_command_refuses_such_names_and_misses_a_release_that_is_not_there(command: str, site: Site) -> None:
    more = ["good"] if command == "mark" else []
    assert "is not the name of a release" in site.run(command, "../x", *more)["error"]
    name = "20270131T120000Z-0123456789ab"
    assert site.run(command, name, *more)["error"] == f"release {name} is not on this host"


def test_a_root_that_cannot_be_made_is_told_with_its_path(program: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    site = Site(tmp_path / "file" / "solo", program)
    told = site.run("lock", "--owner", "ops")
    assert told["error"] == f"Not a directory: {tmp_path}/file/solo/releases"


def test_an_old_python_gets_one_line_instead_of_a_traceback(program: Path) -> None:
    pretend = "import runpy, sys; sys.version_info = (3, 9, 2); runpy.run_path(sys.argv[1], run_name='__main__')"
    ended = subprocess.run([sys.executable, "-c", pretend, str(program)], capture_output=True, text=True)
    assert (ended.returncode, ended.stderr) == (1, "")
    assert '"error": "Python 3.9 is too old: this host needs 3.11 or later"' in ended.stdout


def test_what_an_old_python_meets_first_is_written_for_it() -> None:
    tree = ast.parse((SOURCE / "__main__.py").read_text(), feature_version=(3, 4))
    imported = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    assert not imported, "it would read the rest of the program"
