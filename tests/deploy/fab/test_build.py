"""``fab build``: the same commit gives the same bytes; what is in them; what is refused."""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deploy.archive import Archive, build_archive
from deploy.errors import DeployError
from tests.deploy.project import Project

MIGRATION = '"""{0} does it"""\nrevision = "{0}"\ndown_revision = {1!r}\n'
FILES = {
    "pyproject.toml": '[project]\nname = "solo"\nversion = "4.2"\n',
    "requirements.txt": "flask==3 --hash=sha256:00\n",
    "manage.py": "#!/usr/bin/env python3\n",
    "app/ünï cödé.py": "print('hello')\r\n",
    "migrations/env.py": "raise RuntimeError('this would ask a database')\n",
    "migrations/versions/one.py": MIGRATION.format("aaa1", None),
    "migrations/versions/two.py": MIGRATION.format("aaa2", "aaa1"),
    "tests/test_app.py": "",
    "docs/page.md": "",
    "README.md": "",
    "requirements-dev.txt": "",
    "requirements-providers.in": "boto3",
    "requirements-providers.txt": "flask==3\nboto3==1 --hash=sha256:00\n",
    "deploy/hosts.toml": "",
    "deploy/nginx.conf": "",
}
AUTHOR = {"GIT_AUTHOR_NAME": "Ann", "GIT_AUTHOR_EMAIL": "ann@localhost", "GIT_CONFIG_GLOBAL": "/dev/null"}
AUTHOR |= {"GIT_COMMITTER_NAME": "Ann", "GIT_COMMITTER_EMAIL": "ann@localhost", "GIT_CONFIG_SYSTEM": "/dev/null"}


def git(folder: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **AUTHOR}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text.encode())
    (folder / "manage.py").chmod(0o775)
    (folder / "link").symlink_to("app")
    git(folder, "init", "--quiet")
    commit(folder)
    return folder


def commit(folder: Path, subject: str = "Begin") -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "-m", subject)
    return git(folder, "rev-parse", "HEAD").strip()


def members(archive: Archive) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(archive.path) as file:
        return {info.name: info for info in file}


def content(archive: Archive, name: str) -> bytes:
    with tarfile.open(archive.path) as file:
        found = file.extractfile(name)
        assert found
        return found.read()


def test_two_clones_of_a_commit_give_the_same_bytes(clone: Path, tmp_path: Path) -> None:
    before = os.umask(0o077)
    try:
        git(tmp_path, "clone", "--quiet", str(clone), "other")
    finally:
        os.umask(before)
    other = tmp_path / "other"
    git(other, "config", "core.autocrlf", "true")
    git(other, "config", "tar.umask", "user")
    for path in other.rglob("*.py"):
        os.utime(path, (1, 1))
    first = build_archive(clone, tmp_path / "first")
    second = build_archive(other, tmp_path / "second")
    assert first.path.read_bytes() == second.path.read_bytes()
    assert first.path.name == second.path.name
    assert first.sha256 == hashlib.sha256(first.path.read_bytes()).hexdigest()


def test_building_takes_no_lock_that_a_killed_fab_would_leave_behind(clone: Path, tmp_path: Path) -> None:
    os.utime(clone / "manage.py", (1, 1))  # git would write down that it is the same nevertheless
    before = (clone / ".git" / "index").read_bytes()
    build_archive(clone, tmp_path / "dist")
    assert (clone / ".git" / "index").read_bytes() == before


def test_archive_holds_what_a_host_needs_and_nothing_else(clone: Path, tmp_path: Path) -> None:
    archive = build_archive(clone, tmp_path / "dist")
    names = set(members(archive))
    assert names == {
        *("app/ünï cödé.py", "deploy/nginx.conf", "link", "manage.py", "migrations/env.py"),
        *("migrations/versions/one.py", "migrations/versions/two.py"),
        *("pyproject.toml", "release.json", "requirements.txt"),
    }
    assert content(archive, "app/ünï cödé.py") == FILES["app/ünï cödé.py"].encode()  # line ends too


def test_archive_tells_nothing_of_the_machine_that_packed_it(clone: Path, tmp_path: Path) -> None:
    archive = build_archive(clone, tmp_path / "dist")
    found = members(archive)
    made = int(git(clone, "log", "-1", "--format=%ct"))
    assert list(found) == sorted(found)
    assert {(info.uid, info.gid, info.uname, info.gname, info.mtime) for info in found.values()} == {
        (0, 0, "root", "root", made)
    }
    assert found["manage.py"].mode == 0o755
    assert found["pyproject.toml"].mode == 0o644
    assert (found["link"].issym(), found["link"].linkname) == (True, "app")
    with gzip.open(archive.path) as file:
        file.read(1)
        assert file.mtime == 0


def test_manifest_is_in_the_archive_and_beside_it(clone: Path, tmp_path: Path) -> None:
    commit_id = git(clone, "rev-parse", "HEAD").strip()
    made = datetime.fromtimestamp(int(git(clone, "log", "-1", "--format=%ct")), UTC)
    archive = build_archive(clone, tmp_path / "dist")
    assert archive.path.name == f"solo-4.2-{commit_id[:12]}.tar.gz"
    inside = json.loads(content(archive, "release.json"))
    assert inside == {
        "version": "4.2",
        "commit": commit_id,
        "committed_at": made.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "revision": "aaa2",
        "requirements": hashlib.sha256(FILES["requirements.txt"].encode()).hexdigest(),
        "dirty": False,
    }
    beside = json.loads((tmp_path / "dist" / f"solo-4.2-{commit_id[:12]}.json").read_text())
    size = archive.path.stat().st_size
    assert beside == {**inside, "archive": archive.path.name, "sha256": archive.sha256, "size": size}


def test_next_build_does_not_take_the_last_one_for_a_change(clone: Path) -> None:
    build_archive(clone, clone / "dist")
    build_archive(clone, clone / "dist")
    assert git(clone, "status", "--porcelain") == ""


def test_what_is_not_committed_is_refused_and_named(clone: Path, tmp_path: Path) -> None:
    (clone / "manage.py").write_text("changed")
    (clone / "pyproject.toml").unlink()
    (clone / "notes.txt").touch()
    with pytest.raises(DeployError) as told:
        build_archive(clone, tmp_path / "dist")
    assert str(told.value).splitlines()[1:] == ["  manage.py", "  pyproject.toml", "  notes.txt"]
    assert not (tmp_path / "dist").exists()


def test_dirty_build_has_the_changes_says_so_and_leaves_the_clone_as_it_is(clone: Path, tmp_path: Path) -> None:
    (clone / "manage.py").write_text("changed")
    (clone / "staged.py").touch()
    git(clone, "add", "staged.py")
    (clone / "notes.txt").touch()
    before = git(clone, "status", "--porcelain")
    archive = build_archive(clone, tmp_path / "dist", dirty=True)
    assert archive.path.name.endswith("-dirty.tar.gz")
    assert json.loads(content(archive, "release.json"))["dirty"] is True
    assert content(archive, "manage.py") == b"changed"
    assert "staged.py" in members(archive)
    assert "notes.txt" not in members(archive)
    assert archive.left_out == ("notes.txt",)
    assert git(clone, "status", "--porcelain") == before
    assert git(clone, "stash", "list") == ""


def test_dirty_build_of_a_clean_tree_is_the_clean_one(clone: Path, tmp_path: Path) -> None:
    clean = build_archive(clone, tmp_path / "clean")
    dirty = build_archive(clone, tmp_path / "dirty", dirty=True)
    assert clean.path.name == dirty.path.name
    assert clean.sha256 == dirty.sha256


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("migrations/versions/three.py", MIGRATION.format("aaa3", "aaa1"), "one newest revision, and have aaa2, aaa3"),
        ("migrations/versions/two.py", "def broken(", "the migrations cannot be read"),
        ("pyproject.toml", FILES["pyproject.toml"] + '[tool.solo]\nrequirements = "mine.txt"', "not 'mine.txt'"),
        ("pyproject.toml", "[tool]", "pyproject.toml does not tell the version"),
        ("requirements.txt", None, "the archive would lack requirements.txt"),
    ],
)
def test_tree_that_no_host_could_run_is_refused(
    clone: Path, tmp_path: Path, name: str, text: str | None, told: str
) -> None:
    if text is None:
        (clone / name).unlink()
    else:
        (clone / name).write_text(text)
    commit(clone)
    with pytest.raises(DeployError, match=told):
        build_archive(clone, tmp_path / "dist")


def test_archive_tells_hosts_to_install_what_pyproject_names(clone: Path, tmp_path: Path) -> None:
    named = FILES["pyproject.toml"] + '[tool.solo]\nrequirements = "requirements-providers.txt"\n'
    (clone / "pyproject.toml").write_text(named)
    commit(clone)
    archive = build_archive(clone, tmp_path / "dist")
    assert content(archive, "requirements.txt") == archive.requirements
    assert archive.requirements == FILES["requirements-providers.txt"].encode()
    assert "requirements-providers.txt" not in members(archive)


def test_folder_that_is_no_clone_or_has_no_commit_is_told_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(DeployError, match="not a git repository"):
        build_archive(tmp_path / "plain", tmp_path / "dist")
    git(tmp_path, "init", "--quiet", "empty")
    with pytest.raises(DeployError, match="git log: "):
        build_archive(tmp_path / "empty", tmp_path / "dist")


def test_the_projects_own_archive_is_small_and_has_what_its_hosts_run(tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project")
    archive = build_archive(project.folder, tmp_path / "dist")
    names = set(members(archive))
    assert {
        *("manage.py", "tornado_server.py", "supervisord.ini", "logging.ini", "requirements.txt", "pyproject.toml"),
        *("migrations/env.py", "migrations/alembic.ini", "flask_api/templates/swagger.html", "deploy/nginx.conf"),
    } <= names
    tops = {name.partition("/")[0] for name in names}
    assert tops.isdisjoint({"tests", "bench", "docs", ".ci", "var", "dist", "README.md", "requirements-dev.txt"})
    assert archive.release.revision == project.head_revision()
    assert archive.size < 1_000_000
    shutil.rmtree(project.folder)
