"""Each save is served at once; what is none restarts nothing."""

import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from reloading.reloader import DOUBTS_FOR

from .running import SERVICES, HotDeploy, poll


def write_in_place(file: Path, text: str) -> None:
    file.write_text(text)


def replace_by_rename(file: Path, text: str) -> None:
    temporary = file.with_name(f".{file.name}.tmp-1234")
    temporary.write_text(text)
    temporary.replace(file)


def write_as_vim_does(file: Path, text: str) -> None:
    (file.parent / "4913").touch()
    (file.parent / "4913").unlink()
    (file.parent / f".{file.name}.swp").write_bytes(b"b0VIM")
    backup = file.with_name(f"{file.name}~")
    file.rename(backup)
    file.write_text(text)
    backup.unlink()
    (file.parent / f".{file.name}.swp").unlink()


def write_as_pycharm_does(file: Path, text: str) -> None:
    new, old = file.with_name(f"{file.name}___jb_tmp___"), file.with_name(f"{file.name}___jb_old___")
    new.write_text(text)
    file.rename(old)
    new.rename(file)
    old.unlink()


@pytest.mark.parametrize("save", [write_in_place, replace_by_rename, write_as_vim_does, write_as_pycharm_does])
@pytest.mark.long
def test_edit_is_served_to_the_next_client_and_named_with_its_time(
    hot: HotDeploy, save: Callable[[Path, str], None]
) -> None:
    printed = len(hot.printed)
    hot.remember(SERVICES)
    save(hot.project / SERVICES, hot.original(SERVICES).replace('OK = "ok"', f'OK = "{save.__name__}"'))
    hot.wait_for(rf"^{SERVICES} → reloaded in \d+\.\d\d s$", printed)
    assert hot.answer() == save.__name__


def test_the_server_says_that_it_is_ready_only_once_and_prints_of_code_are_seen(hot: HotDeploy) -> None:
    printed = hot.change(SERVICES, 'OK = "ok"', 'OK = "ok"\nprint("loading services")')
    hot.wait_for("^loading services$", printed)
    hot.wait_for("→ reloaded", printed)
    assert len(re.findall("Solo is ready", hot.printed)) == 1


def test_what_changes_nothing_restarts_nothing(hot: HotDeploy) -> None:
    printed, server = len(hot.printed), hot.server()
    time.sleep(4 * DOUBTS_FOR)  # what is written while a server starts counts as changed
    os.utime(hot.project / "flask_api/api.py")
    (hot.project / "flask_api/settings.py").write_bytes((hot.project / "flask_api/settings.py").read_bytes())
    droppings = [
        *("flask_api/.api.py.swp", "flask_api/api.py~", "flask_api/4913", "flask_api/#api.py#", "flask_api/.#x.py"),
        *("flask_api/api.py___jb_tmp___", "flask_api/flycheck_api.py", "flask_api/api.pyc", "flask_api/notes.txt"),
        *(
            "tests/blog/x.py",
            "var/x.py",
            "dist/x.py",
            "flask_api/__pycache__/x.py",
            ".git/hooks/x.py",
            "htmlcov/x.html",
        ),
    ]
    for name in droppings:
        (hot.project / name).parent.mkdir(parents=True, exist_ok=True)
        (hot.project / name).write_text("no = ")
    environment = hot.project / "env-of-mine"
    environment.mkdir()
    (environment / "pyvenv.cfg").touch()
    (environment / "x.py").write_text("no = ")
    (environment / "x.py").write_text("no = None")
    assert hot.server() == server
    hot.change_word("after droppings")
    found = hot.wait_for(r"^(.+) → (.+)$", printed)
    assert found[1] == SERVICES, "nothing else was a change"
    for name in droppings:
        (hot.project / name).unlink()


def test_several_files_are_one_change(hot: HotDeploy) -> None:
    printed = len(hot.printed)
    for name in ("accounts", "admin", "albums", "blog"):
        hot.write(f"flask_api/{name}/services.py", hot.original(f"flask_api/{name}/services.py") + "\n# changed\n")
    hot.wait_for(r"^flask_api/accounts/services.py, flask_api/admin/services.py and 2 more → reloaded", printed)


def test_moved_folder_is_a_change(hot: HotDeploy) -> None:
    printed = hot.change_word("before")
    hot.wait_for("→ reloaded", printed)
    printed = len(hot.printed)
    blog = hot.project / "flask_api/blog"
    blog.rename(blog.with_name("weblog"))
    hot.wait_for(r"ModuleNotFoundError: No module named 'flask_api\.blog'", printed)
    assert hot.answer() == "before"
    printed = len(hot.printed)
    blog.with_name("weblog").rename(blog)
    hot.wait_for("→ reloaded", printed)


def test_new_folder_at_the_top_is_watched(hot: HotDeploy) -> None:
    printed = hot.write("plugins/first.py", "WORD = 1\n")
    hot.wait_for(r"^plugins/first.py → reloaded", printed)
    printed = hot.write("plugins/first.py", "WORD = 2\n")
    hot.wait_for(r"^plugins/first.py → reloaded", printed)
    printed = hot.write("plugins/first.py", None)
    hot.wait_for(r"^plugins/first.py → reloaded", printed)
    (hot.project / "plugins").rmdir()


def test_edit_during_a_start_is_what_is_served(hot: HotDeploy) -> None:
    old = hot.server()
    printed = hot.change(SERVICES, 'OK = "ok"', 'OK = "slow"\nimport time\ntime.sleep(60)')
    poll(lambda: len(hot.servers()) == 2, lambda: hot.printed)
    hot.change_word("newest")
    found = hot.wait_for(r"^(.+) → (.+)$", printed)
    assert found[2].startswith("reloaded")
    assert hot.answer() == "newest"
    assert hot.server() != old, "and the one that slept is gone"
