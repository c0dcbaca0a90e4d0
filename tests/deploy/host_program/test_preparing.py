"""``prepare``: from an archive to a release that can run."""

import hashlib
import os
import signal
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.deploy.host_program.archives import FILES, NAME, left_behind, prepare, write_archive
from tests.deploy.host_program.site import Site

OTHER = "20270131T120000Z-ba9876543210"
VERSION = "3.11"  # what the stand-in says
OURS = f"{sys.version_info.major}.{sys.version_info.minor}"


def key_of(requirements: bytes, version: str = VERSION) -> str:
    return hashlib.sha256(requirements + f"python {version}".encode()).hexdigest()[:16]


def test_a_release_has_its_links_and_its_environment(site: Site, python: Path) -> None:
    (site.root / "shared").mkdir()
    (site.root / "shared" / "config_override.toml").touch()
    archive, checksum = write_archive(site)
    told = prepare(site, archive, checksum, "--python", str(python))
    assert (told["event"], told["release"], told["environment"]) == ("done", NAME, key_of(b""))
    links = {path.name: os.readlink(path) for path in (site.root / "releases" / NAME).iterdir() if path.is_symlink()}
    assert links == {
        ".env": "../../shared/.env",
        "config_override.toml": "../../shared/config_override.toml",
        "var": "../../shared/var",
        ".venv": f"../../venvs/{key_of(b'')}",
    }
    assert (site.root / "releases" / NAME / ".venv" / "installed").exists()
    assert site.state_of(NAME)["state"] == "prepared"
    assert (site.root / "shared/var/run").is_dir()
    assert not archive.exists()


def test_host_without_settings_gets_no_release(site: Site, python: Path) -> None:
    """It would be a development server, which puts the codes of all logins into its answers."""
    archive, checksum = write_archive(site)
    (site.root / "shared" / ".env").unlink()
    told = prepare(site, archive, checksum, "--python", str(python))
    assert (told["event"], told["error"]) == (
        "failed",
        f"{site.root}/shared/.env is missing: make it first (docs/deploying.md)",
    )


def test_preparing_again_does_only_what_is_missing(site: Site, python: Path) -> None:
    archive, checksum = write_archive(site)
    prepare(site, archive, checksum, "--python", str(python))
    (site.root / "releases" / NAME / "kept").touch()
    (site.root / "venvs" / key_of(b"") / ".complete").unlink()
    told = prepare(site, archive, checksum, "--python", str(python))
    assert told["event"] == "done"
    assert f"building environment {key_of(b'')}" in told["steps"]
    told = prepare(site, archive, checksum, "--python", str(python))
    assert f"environment {key_of(b'')} is there" in told["steps"]
    assert (site.root / "releases" / NAME / "kept").exists()


def test_another_archive_under_the_same_name_is_refused(site: Site, python: Path) -> None:
    prepare(site, *write_archive(site), "--python", str(python))
    told = prepare(site, *write_archive(site, files={**FILES, "manage.py": b"other"}), "--python", str(python))
    assert told["error"].startswith(f"release {NAME} is there already, made of another archive (SHA-256 ")
    assert (site.root / "releases" / NAME / "manage.py").read_bytes() == FILES["manage.py"]


@pytest.mark.parametrize(
    ("told", "error", "log"),
    [
        ("old", "is Python 3.9: this host needs 3.11 or later", ""),
        ("no_venv", "-m venv failed (on Debian it needs the package python3-venv)", "ensurepip is not available"),
        ("full", "the requirements do not install", "No space left on device"),
    ],
)
def test_an_environment_that_cannot_be_built_leaves_nothing_behind(
    told: str, error: str, log: str, site: Site, python: Path
) -> None:
    (python.parent / "told").write_text(told)
    last = prepare(site, *write_archive(site), "--python", str(python))
    assert last["error"].endswith(error)
    assert log in (last["log"] or "")
    assert left_behind(site) == []


def test_a_python_that_is_not_there_is_told(site: Site) -> None:
    told = prepare(site, *write_archive(site), "--python", "python3.99")
    assert told["error"] == "python3.99 cannot be started: No such file or directory"


def test_a_preparation_killed_while_pip_runs_is_done_over_once_that_pip_has_ended(site: Site, python: Path) -> None:
    archive, checksum = write_archive(site)
    (python.parent / "told").write_text("slow")
    killed = site.start("prepare", NAME, str(archive), checksum, "--python", str(python))
    killed.until("Collecting flask==3.1.3")
    killed.kill()
    assert left_behind(site) == [f".{NAME}.partial", key_of(b"")]
    told = prepare(site, archive, checksum, "--python", str(python), "--patience", "0.2")
    assert told["error"].startswith(f"prepare {NAME} still runs on this host, since ")
    again = site.start("prepare", NAME, str(archive), checksum, "--python", str(python))
    (python.parent / "go_on").touch()
    told = again.last()
    assert told["event"] == "done"
    assert f"building environment {key_of(b'')}" in told["steps"], "what an end unknown has left is not trusted"
    assert left_behind(site) == [NAME, key_of(b"")]


@pytest.mark.parametrize("step", ["checking", "unpacking", "building"])
def test_a_preparation_killed_at_any_step_can_be_done_over(step: str, site: Site, python: Path) -> None:
    archive, checksum = write_archive(site)
    killed = site.start("prepare", NAME, str(archive), checksum, "--python", str(python))
    killed.until(step)
    killed.kill()
    assert not (site.root / "releases" / NAME).exists()
    assert prepare(site, archive, checksum, "--python", str(python))["event"] == "done"
    assert left_behind(site) == [NAME, key_of(b"")]


def test_a_hang_up_does_not_stop_a_preparation(site: Site, python: Path) -> None:
    archive, checksum = write_archive(site)
    (python.parent / "told").write_text("slow")
    running = site.start("prepare", NAME, str(archive), checksum, "--python", str(python))
    running.until("Collecting flask==3.1.3")
    running.hang_up()
    running.process.send_signal(signal.SIGHUP)
    (python.parent / "go_on").touch()
    assert running.process.wait(15) == 0
    running.close()
    assert left_behind(site) == [NAME, key_of(b"")]


def make_wheel(folder: Path) -> str:
    """Make a package ``greeting``; return the line that requires it."""
    folder.mkdir()
    path = folder / "greeting-1.0-py3-none-any.whl"
    of_it = {
        "greeting.py": "TEXT = 'good morning'\n",
        "greeting-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n",
        "greeting-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    with zipfile.ZipFile(path, "w") as wheel:
        for name, text in of_it.items():
            wheel.writestr(name, text)
        wheel.writestr("greeting-1.0.dist-info/RECORD", "".join(f"{name},,\n" for name in of_it))
    return f"greeting==1.0 --hash=sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}\n"


def test_a_real_environment_has_the_packages_and_is_shared_and_a_wrong_hash_is_refused(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = make_wheel(tmp_path / "wheels")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "wheels"))
    files = {**FILES, "requirements.txt": line.encode()}
    told = prepare(site, *write_archive(site, files=files), "--python", sys.executable)
    assert told["event"] == "done", told
    assert told["environment"] == key_of(line.encode(), OURS)
    python = site.root / "releases" / NAME / ".venv" / "bin" / "python"
    said = subprocess.run([python, "-c", "import greeting; print(greeting.TEXT)"], capture_output=True, text=True)
    assert said.stdout == "good morning\n", said.stderr

    files["manage.py"] = b"another"
    told = prepare(site, *write_archive(site, files=files), "--python", sys.executable, name=OTHER)
    assert (told["event"], f"environment {told['environment']} is there" in told["steps"]) == ("done", True)

    (tmp_path / "wheels" / "greeting-1.0-py3-none-any.whl").write_bytes(b"not what was meant")
    files["requirements.txt"] = line.encode() + b"# other\n"
    told = prepare(site, *write_archive(site, files=files), "--python", sys.executable, name=OTHER.replace("12", "13"))
    assert told["error"] == "the requirements do not install"
    assert "HASHES" in told["log"]
    assert left_behind(site) == sorted([NAME, OTHER, key_of(line.encode(), OURS)])
