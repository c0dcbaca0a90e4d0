"""The database's revisions in a tree's migrations, read without the app and without a database."""

import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError

from deploy.errors import DeployError


@dataclass(frozen=True, slots=True)
class Revision:
    """One migration, by its id and the first line of its text."""

    id: str
    message: str


class Revisions:
    """The migrations in ``folder`` (Alembic's script location).

    Raises:
        DeployError: they cannot be loaded, or there is not exactly one newest.
    """

    def __init__(self, folder: Path) -> None:
        config = Config()
        config.set_main_option("script_location", str(folder).replace("%", "%%"))
        config.set_main_option("path_separator", "os")
        writes, sys.dont_write_bytecode = sys.dont_write_bytecode, True
        try:
            self._scripts = ScriptDirectory.from_config(config)
            heads = self._scripts.get_heads()
        except Exception as error:  # a migration is code: anything may come out of it
            raise DeployError(f"the migrations cannot be read: {error}") from error
        finally:
            sys.dont_write_bytecode = writes
        if len(heads) != 1:
            found = ", ".join(sorted(heads)) or "none"
            raise DeployError(
                f"the migrations must have one newest revision, and have {found}."
                + ("\n  Join them: python manage.py db merge heads" if heads else "")
            )
        self.head: str = heads[0]

    def after(self, old: str | None) -> list[Revision] | None:
        """Return what would be applied to a database at ``old`` (None: an empty one), oldest first.

        None where these migrations do not know ``old``: the database is ahead of them.
        """
        try:
            scripts = list(self._scripts.iterate_revisions(self.head, old or "base"))
        except RevisionError:
            return None
        return [Revision(script.revision, script.doc or "") for script in reversed(scripts)]


def read_revisions(files: dict[str, bytes], folder: str = "migrations") -> Revisions:
    """Return the revisions among a tree's files, given as path and content.

    Raises:
        DeployError: see Revisions.
    """
    with tempfile.TemporaryDirectory(prefix="solo-revisions-") as temporary:
        for name, content in files.items():
            if name.startswith(f"{folder}/"):
                path = Path(temporary, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
        return Revisions(Path(temporary, folder))
