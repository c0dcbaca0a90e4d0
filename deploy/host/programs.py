"""Running other programs: pip, manage.py. They live on when this one is killed, so their output goes to a file."""

import os
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from .events import Failed

LEFT_OUT = {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__"}
LAST_LINES = 30
POLL = 0.1  # seconds


@dataclass(frozen=True, slots=True)
class Finished:
    """How a program ended, and what it wrote (to both its outputs, unless told otherwise)."""

    status: int
    output: str

    @property
    def last_lines(self) -> str:
        """The end of the output, for the operator."""
        return last_lines(self.output)


def last_lines(text: str, count: int = LAST_LINES) -> str:
    """Return the last lines of a text that say something."""
    return "\n".join([line.rstrip() for line in text.splitlines() if line.strip()][-count:])


def run(
    command: Sequence[str | Path],
    *,
    cwd: Path,
    lock: int | None = None,
    on_line: Callable[[str], None] | None = None,
) -> Finished:
    """Run a program to its end, however long that takes, in a session of its own.

    Args:
        lock: a descriptor that it inherits, see ``locks.step_lock``. A daemon must not get one.
        on_line: called with each line while it runs.

    Raises:
        Failed: there is no such program.
    """
    with tempfile.TemporaryFile() as output:
        process = _start(command, cwd=cwd, output=output.fileno(), lock=lock)
        seen = 0
        while True:
            ended = _has_ended(process)
            text = os.pread(output.fileno(), os.fstat(output.fileno()).st_size - seen, seen)
            whole = len(text) if ended else text.rfind(b"\n") + 1
            for line in text[:whole].decode(errors="replace").splitlines():
                if on_line:
                    on_line(line)
            seen += whole
            if ended:
                everything = os.pread(output.fileno(), seen, 0).decode(errors="replace")
                return Finished(process.returncode, everything)


def ask(command: Sequence[str | Path], *, cwd: Path, seconds: float = 120) -> tuple[Finished, str]:
    """Run a program that changes nothing. Returns how it ended, with its standard output, and its errors beside.

    Raises:
        Failed: there is no such program, or it did not end in time.
    """
    try:
        ended = subprocess.run(
            command,
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except OSError as error:
        raise _cannot_start(command, error) from None
    except subprocess.TimeoutExpired:
        raise Failed(f"{_words(command)} did not end in {seconds:g} s") from None
    return Finished(ended.returncode, ended.stdout.decode(errors="replace")), ended.stderr.decode(errors="replace")


def environment() -> Mapping[str, str]:
    """What programs inherit: all but what would lead a Python to other packages than its own."""
    return {name: value for name, value in os.environ.items() if name not in LEFT_OUT}


def _start(command: Sequence[str | Path], *, cwd: Path, output: int, lock: int | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            cwd=cwd,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a hang-up or Ctrl-C is not meant for it
            pass_fds=() if lock is None else (lock,),
        )
    except OSError as error:
        raise _cannot_start(command, error) from None


def _has_ended(process: subprocess.Popen[bytes]) -> bool:
    try:
        process.wait(POLL)
    except subprocess.TimeoutExpired:
        return False
    return True


def _cannot_start(command: Sequence[str | Path], error: OSError) -> Failed:
    return Failed(f"{command[0]} cannot be started: {error.strerror}")


def _words(command: Sequence[str | Path]) -> str:
    return " ".join(str(word) for word in command)
