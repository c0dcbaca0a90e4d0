"""Code that does not start: the old goes on serving, and the terminal tells where to look."""

import os
import signal

import pytest

from .running import SERVICES, HotDeploy, poll

pytestmark = pytest.mark.long


def line_of(hot: HotDeploy, text: str) -> int:
    return hot.original(SERVICES).split(text)[0].count("\n") + 1


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        ("OK = (", r"    OK = \(\n         \^\n  SyntaxError: '\(' was never closed"),
        ("import none_such", r"    import none_such\n  ModuleNotFoundError: No module named 'none_such'"),
        ("OK = Live.dead", r"    OK = Live\.dead\n         \^+\n  NameError: name 'Live' is not defined"),
        ("OK = __import__('json').loads('{')", r"    OK = .*\n +\^+\n  json\.decoder\.JSONDecodeError: Expecting .*"),
    ],
    ids=["syntax", "import", "name", "inside a package"],
)
def test_old_code_serves_on_and_the_error_is_short_with_file_and_line(hot: HotDeploy, code: str, shown: str) -> None:
    line = line_of(hot, 'OK = "ok"')
    server = hot.server()
    printed = hot.change(SERVICES, 'OK = "ok"', code)
    heading = rf"^{SERVICES} → not started; the old code goes on serving\n  {SERVICES}:{line}\n"
    hot.wait_for(heading + shown + r"\n\Z", printed)
    assert hot.answer() == "ok"
    assert hot.server() == server
    printed = hot.change_word("repaired")
    hot.wait_for(f"^{SERVICES} → reloaded in", printed)
    assert hot.answer() == "repaired"


def test_bad_setting_is_one_line_and_the_repaired_one_is_served(hot: HotDeploy) -> None:
    printed = hot.write(".env", "SOLO_THREADS=many\n")
    hot.wait_for(r"^\.env → not started; the old code goes on serving\n  tornado_server: SOLO_THREADS: .*\n\Z", printed)
    assert hot.answer() == "ok"
    printed = hot.write(".env", "SOLO_THREADS=2\n")
    hot.wait_for(r"^\.env → reloaded in", printed)
    printed = hot.write("config_override.toml", "thread = 3\n")
    hot.wait_for(r"^config_override\.toml → not started.*\n  .*SOLO_THREAD: there is no such setting", printed)
    printed = hot.write("config_override.toml", "threads = 3\n")
    hot.wait_for(r"^config_override\.toml → reloaded in", printed)


def test_two_broken_files_are_told_of_until_both_are_repaired(hot: HotDeploy) -> None:
    first, second = "flask_api/blog/posts.py", "flask_api/users/phones.py"
    printed = hot.write(first, "def (")
    hot.wait_for(f"^  {first}:1$", printed)
    printed = hot.write(second, "def (")
    hot.wait_for(f"^{second} → not started", printed)
    printed = hot.write(second, hot.original(second))
    hot.wait_for(f"^{second} → not started.*\n  {first}:1$", printed)
    assert hot.answer() == "ok"
    printed = hot.write(first, hot.original(first))
    hot.wait_for(f"^{first} → reloaded", printed)


def test_server_that_dies_is_told_of_and_started_once_more(hot: HotDeploy) -> None:
    printed, first = len(hot.printed), hot.server()
    os.kill(first, signal.SIGKILL)
    hot.wait_for("^the server was ended by SIGKILL; starting it again$", printed)
    assert hot.answer() == "ok", "who came meanwhile has waited"
    os.kill(poll(lambda: [pid for pid in hot.servers() if pid != first], lambda: hot.printed)[0], signal.SIGKILL)
    hot.wait_for("^the server was ended by SIGKILL again; waiting for a change$", printed)
    assert hot.servers() == []
    printed = hot.change_word("alive")
    hot.wait_for("→ reloaded", printed)
    assert hot.answer() == "alive"
