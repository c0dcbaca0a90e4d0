"""What the developer reads: long tracebacks made short, in colour where there is any."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from reloading.failures import Failure, explain, find_syntax_error, how_it_ended
from reloading.terminal import Terminal, named

ROOT = Path("/home/me/solo")
CHAINED = """\
{"level": "WARNING", "message": "something else"}
Traceback (most recent call last):
  File "/home/me/solo/flask_api/settings.py", line 9, in read
    int("x")
ValueError: invalid literal for int() with base 10: 'x'

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/home/me/solo/tornado_server.py", line 40, in <module>
    sys.exit(main())
             ^^^^^^
  File "/home/me/solo/flask_api/blog/models.py", line 12, in BlogPost
    body: Mapped[str] = mapped_column(Txt)
                                      ^^^
  File "/home/me/solo/.venv/lib/python3.11/site-packages/sqlalchemy/orm/base.py", line 99, in mapped_column
    raise sa.exc.ArgumentError(
sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) near "x": syntax error
[SQL: x]
(Background on this error at: https://sqlalche.me/e/21/e3q8)
"""
HANGS = """\
Fatal Python error: Aborted

Current thread 0x00007f2 (most recent call first):
  File "/usr/lib/python3.11/socket.py", line 294 in accept
  File "/home/me/solo/flask_api/extensions.py", line 7 in connect
  File "/home/me/solo/tornado_server.py", line 40 in <module>

Extension modules: hiredis, orjson (total: 2)
"""


def test_reason_is_the_last_exception_and_the_place_the_innermost_line_of_the_project() -> None:
    assert explain(CHAINED, ROOT) == Failure(
        place="flask_api/blog/models.py:12",
        inside="  in BlogPost",
        code=("body: Mapped[str] = mapped_column(Txt)", "                                  ^^^"),
        reason=('sqlalchemy.exc.OperationalError: (sqlite3.OperationalError) near "x": syntax error', "[SQL: x]"),
        whole=CHAINED,
    )


def test_stack_of_a_server_that_hangs_is_read_from_its_other_end() -> None:
    failure = explain(HANGS, ROOT, "it was not ready within 30 s")
    assert (failure.place, failure.inside) == ("flask_api/extensions.py:7", "  in connect")
    assert failure.reason == ("it was not ready within 30 s",)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("tornado_server: SOLO_PORT: input should be less\n", ("tornado_server: SOLO_PORT: input should be less",)),
        ("", ("the server ended with exit code 3",)),
        ("\n".join(f"line {number}" for number in range(9)), tuple(f"line {number}" for number in range(4, 9))),
    ],
    ids=["one line", "nothing", "many lines"],
)
def test_without_a_traceback_the_last_lines_are_shown(said: str, reason: tuple[str, ...]) -> None:
    failure = explain(said, ROOT, how_it_ended(3))
    assert (failure.place, failure.reason) == ("", reason)


def test_end_by_a_signal_is_named() -> None:
    assert how_it_ended(-11) == "the server was ended by SIGSEGV"
    assert how_it_ended(-99) == "the server was ended by signal 99"


def test_syntax_errors_are_found_without_running_anything(tmp_path: Path) -> None:
    files = {"fine.py": "x = '\\d'\n", "broken.py": "if x\n", "nul.py": "a\0b", "words.html": "if x"}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert find_syntax_error(tmp_path, ["fine.py", "words.html", "gone.py"]) is None
    found = find_syntax_error(tmp_path, ["fine.py", "broken.py"])
    assert found is not None
    assert (found[0], found[1].place, found[1].code[0]) == ("broken.py", "broken.py:1", "if x")
    assert find_syntax_error(tmp_path, ["nul.py"]) is not None


def written_to_a_terminal(environment: dict[str, str]) -> str:
    """What comes out at the other end of a terminal."""
    inner, outer = pty.openpty()
    program = (
        "from reloading.terminal import Terminal; from reloading.failures import Failure\n"
        "Terminal().say_failed(['a.py'], Failure(('Error: no',), 'a.py:1', '', ('x',)), 'waiting')"
    )
    clean = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "TERM")}
    subprocess.run(
        [sys.executable, "-c", program],
        stdout=outer,
        env={**clean, "TERM": "xterm", **environment},
        cwd=Path(__file__).parents[2],
        check=True,
    )
    os.close(outer)
    written = os.read(inner, 1 << 16).decode().replace("\r\n", "\n")
    os.close(inner)
    return written


def test_a_terminal_gets_colours_unless_it_is_asked_not_to() -> None:
    plain = "a.py → not started; waiting\n  a.py:1\n    x\n  Error: no\n"
    coloured = written_to_a_terminal({})
    assert "\033[1;31mnot started\033[0m" in coloured
    assert "\033[31mError: no\033[0m" in coloured
    assert written_to_a_terminal({"NO_COLOR": "1"}) == plain
    assert written_to_a_terminal({"TERM": "dumb"}) == plain


def test_what_is_no_terminal_gets_no_colours(tmp_path: Path) -> None:
    with (tmp_path / "output").open("w+") as output:
        Terminal(output).say_reloaded(["a.py"], 0.123)
        assert (tmp_path / "output").read_text() == "a.py → reloaded in 0.12 s\n"


def test_terminal_that_is_gone_ends_nothing() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w") as output:
        Terminal(output).say("nobody reads this")


def test_many_files_are_counted() -> None:
    assert named(["a", "b", "c"]) == "a, b, c"
    assert named(["a", "b", "c", "d"]) == "a, b and 2 more"
