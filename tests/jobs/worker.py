"""A worker that also knows the jobs of the tests, in a process of its own: ``python -m tests.jobs.worker``.

Its settings come from the environment, as for ``manage.py jobs work``.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from flask_api.settings import Settings
from tests.services.process import Running, die_with_parent

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0  # seconds


class WorkerProcess(Running):
    """Runs jobs over the database and the Redis of ``settings``; ``more``: by the names of the environment."""

    def __init__(self, settings: Settings, **more: str) -> None:
        self._log = settings.data_dir / "worker.log"
        clean = {name: value for name, value in os.environ.items() if not name.startswith("SOLO_")}
        places = {
            "SOLO_DATA_DIR": str(settings.data_dir),
            "SOLO_DATABASE_URL": settings.database_url,
            "SOLO_REDIS_URL": settings.redis_url,
            "SOLO_REDIS_TIMEOUT": "2",
        }
        self._environment = {**clean, **places, **more}

    def start(self) -> None:
        """Start it and wait until it says that jobs are run."""
        with self._log.open("ab") as log:
            begins = log.tell()
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.jobs.worker"],
                cwd=ROOT,
                env=self._environment,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(),
            )
        deadline = time.monotonic() + PATIENCE
        while b"Jobs are run" not in (said := self._log.read_bytes()[begins:]):
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"the worker did not start:\n{said.decode()}")
            time.sleep(0.01)

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """End it as supervisord would; return its exit status."""
        self.process.terminate()
        return self.process.wait(PATIENCE)


if __name__ == "__main__":
    from manage import main
    from tests.jobs import some_jobs

    assert some_jobs.noted.name.endswith("some_jobs.noted")
    main(["jobs", "work"])
