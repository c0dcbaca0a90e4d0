"""Runs a command at a terminal, with somebody there who answers what it asks."""

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from tests.services.process import die_with_parent

COLUMNS = 100


def run_attended(
    command: list[str], *, folder: Path, environment: Mapping[str, str], answers: Mapping[str, str], seconds: float
) -> tuple[int, str]:
    """Return exit code and output. ``answers``: what is typed when the output ends like this.

    Raises:
        AssertionError: it did not end in time.
    """
    ours, its = pty.openpty()
    fcntl.ioctl(its, termios.TIOCSWINSZ, struct.pack("4H", 40, COLUMNS, 0, 0))
    with_us = die_with_parent()

    def take_terminal() -> None:
        with_us()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=its,
        stdout=its,
        stderr=its,
        start_new_session=True,
        preexec_fn=take_terminal,
    )
    os.close(its)
    try:
        output = _attend(ours, answers, time.monotonic() + seconds)
        return process.wait(10), output
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(ours)


def _attend(terminal: int, answers: Mapping[str, str], deadline: float) -> str:
    output, answered = b"", 0
    while True:
        text = output.decode(errors="replace").replace("\r\n", "\n")
        assert time.monotonic() < deadline, f"it does not end:\n{text}"
        for prompt, answer in answers.items():
            if output[answered:].endswith(prompt.encode()):
                answered = len(output)
                os.write(terminal, f"{answer}\n".encode())
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the last process at this terminal has ended
            return text
        if not part:
            return text
        output += part
