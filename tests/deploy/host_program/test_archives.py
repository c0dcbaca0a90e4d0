"""``prepare``: what an archive may hold, and what becomes of one that holds something else."""

import resource
import subprocess
import tarfile
from pathlib import Path

import pytest

from tests.deploy.host_program.archives import FILES, NAME, left_behind, member, prepare, write_archive
from tests.deploy.host_program.site import Site

LINK, HARD_LINK, DEVICE, FOLDER = tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.DIRTYPE


@pytest.mark.parametrize(
    ("members", "error"),
    [
        ([member("../outside", b"x")], "a member outside of it: '../outside'"),
        ([member("/etc/cron.d/x", b"x")], "a member outside of it: '/etc/cron.d/x'"),
        ([member("a/../../x", b"x")], "a member outside of it: 'a/../../x'"),
        ([member("a", type=LINK, linkname="/etc")], "no file, folder or link to one of them: 'a'"),
        ([member("a", type=LINK, linkname="..")], "no file, folder or link to one of them: 'a'"),
        ([member("a/b", type=LINK, linkname="../../x")], "no file, folder or link to one of them: 'a/b'"),
        ([member("a/b", type=LINK, linkname="c/../../../x")], "no file, folder or link to one of them: 'a/b'"),
        ([member("a", type=LINK, linkname="flask_api"), member("a/b", b"x")], "below one that is no folder: a"),
        ([member("manage.py/x", b"x")], "below one that is no folder: manage.py"),
        ([member("a", type=HARD_LINK, linkname="manage.py")], "no file, folder or link to one of them: 'a'"),
        ([member("a", type=DEVICE)], "no file, folder or link to one of them: 'a'"),
        ([member("manage.py", b"x")], "a member twice: 'manage.py'"),
        ([member(".env", b"x")], "a member that belongs to the host: '.env'"),
        ([member("./var/x", b"x")], "a member that belongs to the host: './var/x'"),
    ],
)
def test_what_does_not_belong_into_an_archive_is_refused(
    members: list[tuple[tarfile.TarInfo, bytes]], error: str, site: Site
) -> None:
    told = prepare(site, *write_archive(site, *members))
    assert told["error"] == f"the archive has {error}" or told["error"].endswith(error), told
    assert left_behind(site) == []
    assert not (site.root / "outside").exists()


def test_files_folders_and_links_inside_are_unpacked_without_odd_modes(site: Site, python: Path) -> None:
    archive = write_archive(
        site,
        member("run.sh", b"#!/bin/sh\n", mode=0o6777),
        member("docs/empty", type=FOLDER),
        member("docs/start", type=LINK, linkname="../manage.py"),
        member("wide", type=LINK, linkname="flask_api"),
    )
    assert prepare(site, *archive, "--python", str(python))["event"] == "done"
    folder = site.root / "releases" / NAME
    assert [oct((folder / name).stat().st_mode & 0o7733) for name in ("run.sh", "manage.py")] == ["0o711", "0o600"]
    assert (folder / "docs/start").read_bytes() == FILES["manage.py"]
    assert (folder / "docs/empty").is_dir()
    assert (folder / "wide/__init__.py").exists()
    assert (folder / "manage.py").stat().st_mtime == 1_790_000_000


def test_a_damaged_archive_is_refused_and_removed(site: Site) -> None:
    archive, checksum = write_archive(site)
    archive.write_bytes(archive.read_bytes()[:-1])
    told = prepare(site, archive, checksum)
    assert told["error"].startswith(f"the archive {archive.name} was damaged on its way: its SHA-256 is ")
    assert not archive.exists()
    assert prepare(site, archive, checksum)["error"] == f"the archive is not there: {archive}"


def test_a_file_that_is_no_archive_is_refused(site: Site) -> None:
    archive, _ = write_archive(site)
    archive.write_bytes(b"")
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert "cannot be read" in prepare(site, archive, empty)["error"]
    assert left_behind(site) == []


def test_an_archive_without_requirements_is_refused(site: Site) -> None:
    told = prepare(site, *write_archive(site, files={"manage.py": b""}))
    assert told["error"] == "the archive has no requirements.txt"
    assert left_behind(site) == []


def test_a_file_that_cannot_be_written_leaves_nothing_behind(site: Site) -> None:
    archive, checksum = write_archive(site, member("large", bytes(1_000_000)))
    limit = 500_000, resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    told = site.start(
        "prepare", NAME, str(archive), checksum, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    ).last()
    assert told["error"].startswith("File too large: ")
    assert left_behind(site) == []


def test_a_full_disk_is_told_with_what_is_left(site: Site, tmp_path: Path) -> None:
    """On a small disk of its own, which takes a namespace of the kernel; containers may forbid that."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode:
        pytest.skip("the kernel gives no namespace here")
    archive, checksum = write_archive(site, member("large", bytes(1_000_000)))
    elsewhere = archive.rename(tmp_path / archive.name)
    script = 'mount -t tmpfs -o size=400k tmpfs "$0" && { "$@"; ls -A "$0/releases"; }'
    command = ["unshare", "-rm", "sh", "-c", script, str(site.root)]
    command += site.command("prepare", NAME, str(elsewhere), checksum)
    ended = subprocess.run(command, capture_output=True, text=True)
    *_, last = ended.stdout.splitlines()
    assert '"error": "No space left on device: ' in last, ended.stdout + ended.stderr
    assert "(0 MB are free)" in last
