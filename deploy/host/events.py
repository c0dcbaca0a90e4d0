"""What the program tells who runs it: JSON lines on stdout. Goes on quietly when nobody listens any more."""

import json
import os
import select
from typing import Any

STDOUT = 1


class Failed(Exception):
    """The command did not do what it should; the text is one line for the operator, who may then run it again.

    Args:
        error: the line.
        log: the end of the log that explains it.
        details: more for the ``failed`` event.
    """

    def __init__(self, error: str, log: str | None = None, **details: Any) -> None:
        super().__init__(error)
        self.error = " ".join(error.split())
        self.log = log
        self.details = details


class Events:
    """Writes events to a file descriptor, each at once and whole."""

    def __init__(self, descriptor: int = STDOUT) -> None:
        self._descriptor = descriptor
        self._lost = False

    @property
    def are_heard(self) -> bool:
        """False once the reader has gone: fab died, or the connection broke and sshd has noticed."""
        if not self._lost:
            poll = select.poll()
            poll.register(self._descriptor, 0)  # errors and hang-ups are reported unasked
            self._lost = bool(poll.poll(0))
        return not self._lost

    def step(self, text: str) -> None:
        """Say what happens now."""
        self._say({"event": "step", "text": text})

    def held(self) -> None:
        """Say that the lock is ours."""
        self._say({"event": "held"})

    def done(self, result: dict[str, Any]) -> None:
        """The last line, when all went well."""
        self._say({"event": "done", **result})

    def failed(self, failure: Failed) -> None:
        """The last line, when it did not."""
        self._say({"event": "failed", "error": failure.error, "log": failure.log, **failure.details})

    def _say(self, event: dict[str, Any]) -> None:
        self.write(json.dumps(event) + "\n")

    def write(self, text: str) -> None:
        """Write plain text; lost when nobody reads."""
        rest = text.encode(errors="replace")
        try:
            while rest and not self._lost:
                rest = rest[os.write(self._descriptor, rest) :]
        except OSError:
            self._lost = True
