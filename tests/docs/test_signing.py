"""docs/signing.md: its example comes out as printed, its walk is walked, and what it says of the server is so."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import flask_api
from flask_api.core import signing
from flask_api.core.credentials import HEADERS
from flask_api.core.errors import ApiError
from flask_api.settings import Settings
from tests.docs.markdown import code_blocks, console_steps
from tests.security.published_clients import program
from tests.services.solo_server import SoloServer

assert flask_api.create_app  # imports all features, and so all errors there are
ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/signing.md").read_text()
EXAMPLE, *WALK, VERSION_1 = code_blocks(PAGE, "console")
OF_CLIENTS = {"CLIENT_APP_KEY", "CLIENT_APP_SECRET", "CLIENT_TOKEN", "CLIENT_CLOCK_OFFSET"}
LONGEST_CLIENT = 120  # lines


def assert_prints(block: str, folder: Path, **variables: str) -> None:
    """Run the block's commands in one shell; each has to print what stands under it (``…``: anything)."""
    steps = console_steps(block)
    script = "\n".join(f"{command}\necho ---" for command, _ in steps)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SOLO_")}
    command = ["bash", "-ec", f"set -o pipefail\n{script}"]
    run = subprocess.run(command, cwd=folder, env={**environment, **variables}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    for (command_line, expected), printed in zip(steps, run.stdout.split("---\n"), strict=False):
        pattern = ".*".join(re.escape(part) for part in expected.split("…"))
        assert re.fullmatch(pattern, printed.strip()), f"{command_line}\nprinted {printed}\nthe page says {expected}"


@pytest.mark.parametrize("block", [EXAMPLE, VERSION_1], ids=["version 2", "version 1"])
def test_example_comes_out_as_printed(block: str, tmp_path: Path) -> None:
    assert_prints(block, tmp_path)


@pytest.mark.long
def test_walk_prints_what_the_page_says(tmp_path: Path) -> None:
    assert [program(name) for name in ("node", "java")], "the walk runs them"
    (tmp_path / "docs").symlink_to(ROOT / "docs")
    walk = "".join(WALK).replace(".venv/bin/python manage.py", f"{sys.executable} {ROOT / 'manage.py'}")
    walk = walk.replace("python3 docs", f"{sys.executable} docs")
    with SoloServer(tmp_path / "var", SOLO_SIGNED_AREAS="auth") as server:
        walk = walk.replace("http://localhost:5000", server.address)
        assert_prints(walk, tmp_path, SOLO_DATA_DIR=str(server.data_dir))


def all_errors(of: type[ApiError] = ApiError) -> Iterator[type[ApiError]]:
    yield of
    for error in of.__subclasses__():
        yield from all_errors(error)


def test_table_of_failures_is_that_of_the_server() -> None:
    told = {
        (int(code), status)
        for code, cell in re.findall(r"^\| (\d+) \| (`[^|]*) \|", PAGE, re.MULTILINE)
        for status in re.findall(r"`(\w+)`", cell)
    }
    known = {(error.code, error.status) for error in all_errors()}
    assert told <= known
    assert {(error.code, error.status) for error in signing.ERRORS} <= told


def test_table_of_headers_is_that_of_the_server() -> None:
    assert re.findall(r"^\| `(X-[\w-]+)` \|", PAGE, re.MULTILINE) == list(HEADERS.values())


def test_settings_and_their_defaults_are_those_of_the_server() -> None:
    named = set(re.findall(r"\bSOLO_[A-Z_]+", PAGE)) - OF_CLIENTS
    assert {name.removeprefix("SOLO_").lower() for name in named} <= set(Settings.model_fields)
    assert f"{Settings.model_fields['signature_window'].default} seconds either way" in PAGE


def test_files_it_links_to_are_there() -> None:
    links = re.findall(r"\]\(([\w./-]+)\)", PAGE)
    assert "signing/vectors.json" in links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []


def test_clients_are_short_and_have_the_same_parts() -> None:
    parts = ["canonicalrequest", "canonicalquery", "encode", "sign", "makenonce", "soloclient", "request", "answer"]
    clients = sorted((ROOT / "docs/signing").glob("[Ss]olo*"))
    assert len(clients) == 4
    for file in clients:
        text = file.read_text()
        assert text.count("\n") <= LONGEST_CLIENT, file.name
        assert [part for part in parts if not re.search(rf"\b{part}\b", text.replace("_", "").lower())] == [], file.name
