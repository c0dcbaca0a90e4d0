"""A repository of the project's own files, to commit releases in: good ones, and bad ones of each kind."""

import re
import subprocess
from pathlib import Path

from tests.services.project_copy import copy_project
from tests.services.table_migration import add_table, head_revision


class Project:
    """A clone with what is not committed yet as well; each ``commit_…`` makes one commit and returns its full id."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        copy_project(folder)
        self._git("init", "--quiet", "--initial-branch=main")
        self._commit("The project as it is")

    def commit_release(
        self, number: int, *, table: bool = False, new_environment: bool = False, new_processes: bool = False
    ) -> str:
        """A good one, and it shows: the message of /health/live says ``Release <number>``.

        Args:
            table: with a migration that makes ``drill_<number>``.
            new_environment: with another file of requirements, which asks for the same.
            new_processes: supervisord.ini says something else of the processes.
        """
        file = self.folder / "flask_api" / "system" / "resources.py"
        message = f'@ns.answer(live, message="Release {number}")'
        changed = [(file, re.sub(r"@ns\.answer\(live.*\)", message, file.read_text()))]
        if table:
            revision, message = f"d{number:011x}", f"A table of release {number}"
            add_table(self.folder, f"drill_{number}", revision=revision, message=message)
        if new_environment:
            requirements = self.folder / "requirements.txt"
            changed.append((requirements, f"# {number}\n{requirements.read_text()}"))
        if new_processes:
            supervisor = self.folder / "supervisord.ini"
            retries = f"startretries = {number % 100}"
            changed.append((supervisor, re.sub(r"^startretries *=.*", retries, supervisor.read_text(), flags=re.M)))
        return self._commit(f"Release {number}", *changed)

    def commit_broken_import(self) -> str:
        """No part of the app can be imported, nor migrated by."""
        file = self.folder / "flask_api" / "__init__.py"
        return self._commit("Import what is not there", (file, file.read_text() + "\nimport module_not_there\n"))

    def commit_broken_start(self) -> str:
        """The app is whole; the server ends at its start."""
        return self._commit("End at the start", self._at_start("raise RuntimeError('broken on purpose')"))

    def commit_hanging_start(self) -> str:
        """The server never comes to serving."""
        return self._commit("Hang at the start", self._at_start("import time\n\ntime.sleep(3600)"))

    def commit_never_ready(self) -> str:
        """The server serves, and /health/ready says that it is not ready."""
        file = self.folder / "flask_api" / "system" / "services.py"
        broken = re.sub(
            r'(def check_ready\(.*?\n    """\n)',
            r'\1    raise NotReady(errors=[{"field": "database", "message": "broken on purpose"}])\n',
            file.read_text(),
            flags=re.DOTALL,
        )
        return self._commit("Never be ready", (file, broken))

    def drop_last(self) -> None:
        """Go on from the commit before the last."""
        self._git("reset", "--quiet", "--hard", "HEAD~1")

    def head_revision(self) -> str:
        """The newest revision of the migrations."""
        return head_revision(self.folder)

    def _at_start(self, code: str) -> tuple[Path, str]:
        file = self.folder / "tornado_server.py"
        return file, f"{code}\n{file.read_text()}"

    def _commit(self, message: str, *changed: tuple[Path, str]) -> str:
        for file, text in changed:
            file.write_text(text)
        self._git("add", "--all")
        author = ["-c", "user.name=Drill", "-c", "user.email=drill@localhost", "-c", "commit.gpgsign=false"]
        self._git(*author, "commit", "--quiet", "-m", message)  # fails where nothing changed
        return self._git("rev-parse", "HEAD").strip()

    def _git(self, *arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=self.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
