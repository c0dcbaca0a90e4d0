"""Lines, tables and questions: with colours only where they are wanted, and never driven by what hosts say."""

import io
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.overview import show_releases, show_status
from deploy.reports import Status, read_status
from deploy.side_by_side import teller
from deploy.terminal import Terminal, in_bytes, span
from tests.deploy.fab.conftest import BEFORE, OLDER, Stage

ROOT = Path(__file__).resolve().parents[3]
SHOW = """
from deploy.terminal import Terminal
terminal = Terminal()
terminal.heading("Begin")
terminal.done("web-1", "it works", 1.25)
print(terminal.ask("Go on?"))
"""


class Screen(io.StringIO):
    """A terminal that keeps what it shows."""

    def isatty(self) -> bool:
        return True


def on_a_terminal(typed: str, **environment: str) -> str:
    """Return what a person sees who types this, without the echo of it."""
    ours, theirs = pty.openpty()
    kept = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    command = [sys.executable, "-c", SHOW]
    variables = {**kept, "TERM": "xterm", "PYTHONPATH": str(ROOT), **environment}
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, env=variables, cwd=ROOT) as process:
        os.write(ours, typed.encode())
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 1000):
                shown += chunk
        except OSError:  # Linux's way to say that the other end is closed
            pass
        process.wait()
    os.close(ours)
    return shown.decode().replace("\r", "")


@pytest.mark.parametrize(("typed", "answer"), [("y\n", True), ("YES\n", True), ("n\n", False), ("\n", False)])
def test_only_a_yes_is_a_yes(typed: str, answer: bool) -> None:
    assert Terminal(io.StringIO(), io.StringIO(typed)).ask("Go on?") is answer


def test_end_of_input_is_a_no() -> None:
    assert Terminal(io.StringIO(), io.StringIO("")).ask("Go on?") is False


def test_terminal_gets_colours_and_its_answer_is_read() -> None:
    shown = on_a_terminal("y\n")
    assert "\x1b[1mBegin\x1b[0m" in shown
    assert "\x1b[32m✓\x1b[0m web-1  it works" in shown
    assert shown.endswith("True\n")


@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colours_where_they_are_not_wanted(environment: dict[str, str]) -> None:
    assert "\x1b" not in on_a_terminal("y\n", **environment)


def test_pipe_gets_the_same_lines_without_colours() -> None:
    piped = subprocess.run([sys.executable, "-c", SHOW], input="y\n", text=True, capture_output=True, cwd=ROOT)
    coloured = on_a_terminal("y\n")
    plain = re.sub(r"\x1b\[\d*m", "", coloured).partition("Begin")[2]
    assert plain.split()[:5] == piped.stdout.partition("Begin")[2].split()[:5] == ["✓", "web-1", "it", "works", "1.2"]
    assert "\x1b" not in piped.stdout


def test_output_that_knows_no_unicode_gets_plain_signs() -> None:
    out = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Terminal(out).done("web-1", "1 → 2 … ü", 1)
    out.seek(0)
    assert out.read().startswith("  + web-1  1 -> 2 ... ?  ")


def test_text_of_hosts_moves_no_cursor() -> None:
    out = io.StringIO()
    terminal = Terminal(out)
    evil = "\x1b[2Jgone\x07\r\u202eback\u2028next\x9b"
    terminal.from_host("a", evil, "")
    terminal.step("a", evil, 0)
    terminal.failed("a", evil)
    terminal.log(f"{evil}\nmore")
    terminal.table(("T",), [(evil,)])
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e]", out.getvalue())
    assert out.getvalue().count("\\x1b[2Jgone\\x07\\r\\u202eback") == 5


def test_terminal_that_goes_away_stops_nothing() -> None:
    out = io.StringIO()
    terminal = Terminal(out)
    out.close()
    terminal.heading("Who reads this?")
    assert terminal.is_gone


def test_times_stand_in_one_column_and_long_steps_are_cut() -> None:
    out = io.StringIO()
    terminal = Terminal(out)
    terminal.names = 6
    terminal.step("web-1", "word " * 50, 1.0)
    terminal.step("web-10", "short", 123.4)
    terminal.done("web-1", "done", 12.0)
    lines = out.getvalue().splitlines()
    assert {len(line) for line in lines} == {99}
    assert "…" in lines[0]


def test_columns_fit_their_widest_cell_wide_letters_count_twice() -> None:
    out = io.StringIO()
    Terminal(out).table(("NAME", "STATE"), [("中文字", "good"), (("plain", "red"), "failed")])
    assert out.getvalue() == "  NAME     STATE\n  中文字   good\n  plain    failed\n"


def test_log_shows_its_end() -> None:
    out = io.StringIO()
    Terminal(out).log("\n".join(f"line {number}" for number in range(100)))
    lines = out.getvalue().splitlines()
    assert len(lines) == 30
    assert lines[-1] == "    │ line 99"


def test_of_many_packages_one_is_shown_now_and_then() -> None:
    out = io.StringIO()
    tell = teller(Terminal(out), "a")
    for text in ["unpacking", *(f"Collecting package-{number}" for number in range(50)), "Installing collected"]:
        tell(text)
    assert [line.split()[1] for line in out.getvalue().splitlines()] == ["unpacking", "Collecting", "Installing"]


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (119, "119 s"), (120, "2 min"), (7199, "119 min"), (7200, "2 h"), (200000, "2 d")]
)
def test_spans_read_as_people_say_them(seconds: float, text: str) -> None:
    assert span(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (999, "999 B"), (1000, "1 kB"), (3_440_000, "3.4 MB"), (81e9, "81.0 GB"), (2e12, "2.0 TB")],
)
def test_sizes_read_as_people_say_them(size: float, text: str) -> None:
    assert in_bytes(size) == text


def states(stage: Stage) -> dict[str, Status]:
    for host in stage.hosts:
        host.open(create=False)
    return {host.name: read_status(host.run("status")) for host in stage.hosts}


def rows(text: str) -> list[str]:
    return [" ".join(line.split()) for line in text.splitlines()]


def test_releases_are_one_line_for_hosts_where_they_are_alike(stage: Stage) -> None:
    stage.host("c").releases[OLDER] |= {"state": "failed", "reason": "it slept"}
    out = io.StringIO()
    show_releases(states(stage), Terminal(out))
    assert rows(out.getvalue()) == [
        "RELEASE VERSION DATABASE STATE HOSTS",
        f"runs {BEFORE} 1.0 aaa1 good all",
        f"{OLDER} 1.0 aaa1 good a, b",
        f"{OLDER} 1.0 aaa1 failed c",
        f"{OLDER} failed: it slept",
    ]


def test_status_shows_processes_that_are_behind_in_another_colour(stage: Stage) -> None:
    stage.host("b").runs["solo:solo_1"] = OLDER
    stage.host("c").runs = {}
    stage.host("a").locked_by = "ann@laptop"
    out = Screen()
    show_status([host.host for host in stage.hosts], states(stage), Terminal(out))
    parts = out.getvalue().split("\x1b[1m")
    assert "ann@laptop since now" in parts[1]
    assert f"\x1b[33m{OLDER}" in parts[2]
    assert f"\x1b[33m{BEFORE}" not in parts[2]
    assert "No processes: supervisord does not run." in parts[3]
