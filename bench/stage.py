"""The stage of a benchmark: a folder, a Redis, a database and the processes, all gone at the end."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Self

from bench.machine import Cores, redis_binary
from bench.processes import ROOT, Pinned, free_port

OURS_REDIS_DB, PEERS_REDIS_DB = 0, 1  # both use keys "token:…", with different values


class Stage:
    """What the contenders share."""

    def __init__(self, cores: Cores) -> None:
        """Take the cores; nothing runs before the with block."""
        self.cores = cores
        self.processes: list[Pinned] = []
        self._cleanup = ExitStack()

    def __enter__(self) -> Self:
        """Make the folder and start Redis, on the core of the load: the server's core is the server's alone."""
        with ExitStack() as cleanup:
            self.folder = Path(tempfile.mkdtemp(prefix="solo-bench-"))
            cleanup.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.data_dir = self.folder / "data"
            self.data_dir.mkdir()
            self.database = self.data_dir / "solo.db"
            self._redis_port = free_port()
            self._cleanup = cleanup.pop_all()
        try:
            command = [redis_binary(), "--port", str(self._redis_port), "--bind", "127.0.0.1", "--save", ""]
            self.start("redis", [*command, "--appendonly", "no"], core=self.cores.load, port=self._redis_port)
        except BaseException:
            self._cleanup.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Stop everything, last started first, and remove the folder."""
        self._cleanup.close()

    def redis_url(self, db: int) -> str:
        """Return the address of one of Redis' databases."""
        return f"redis://127.0.0.1:{self._redis_port}/{db}"

    def start(self, name: str, command: Sequence[str], *, core: int, port: int) -> Pinned:
        """Start a process and wait until it listens; it ends with the stage."""
        log = self.folder / f"{name}.log"
        process = Pinned(name, command, core=core, port=port, log=log, env=self._environment(port))
        self.processes.append(self._cleanup.enter_context(process))
        return process

    def _environment(self, port: int) -> dict[str, str]:
        """Build what the processes see; SOLO_ settings of the caller's shell must not colour the figures."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("SOLO_")}
        return inherited | {
            "PYTHONPATH": str(ROOT),
            "SOLO_DATA_DIR": str(self.data_dir),
            "SOLO_REDIS_URL": self.redis_url(OURS_REDIS_DB),
            "SOLO_PORT": str(port),
            # Counted, and never reached: all of the load comes from one address.
            "SOLO_LIMIT_PER_ADDRESS": "100000000 per minute",
            "SOLO_LIMIT_PER_USER": "100000000 per minute",
            "BENCH_DATABASE": str(self.database),
            "BENCH_REDIS_URL": self.redis_url(PEERS_REDIS_DB),
        }
