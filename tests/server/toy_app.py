"""WSGI apps that do what no good app does, by path."""

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

Start = Callable[..., Callable[[bytes], object]]
SECRET = "the-text-of-an-exception"
JSON = [("Content-Type", "application/json")]


class ToyApp:
    """``/hold`` waits for ``release``; ``held`` counts who waits; ``closed`` counts iterables closed."""

    def __init__(self) -> None:
        self.release = threading.Event()
        self.held = threading.Semaphore(0)
        self.finished = threading.Semaphore(0)
        self.closed = threading.Semaphore(0)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        name = environ["PATH_INFO"].strip("/").replace("-", "_")
        return getattr(self, f"do_{name}", self.do_echo)(environ, start_response)

    def do_echo(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        """Tell what arrived."""
        seen = {key: value for key, value in environ.items() if isinstance(value, str)}
        seen["body"] = environ["wsgi.input"].read().decode("latin-1")
        start("200 OK", JSON)
        return [json.dumps(seen).encode()]

    def do_hold(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        self.held.release()
        assert self.release.wait(20)
        self.finished.release()
        start("200 OK", JSON)
        return [b"{}"]

    def do_raises(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        raise RuntimeError(SECRET)

    def do_exits(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        raise SystemExit(SECRET)

    def do_raises_late(self, environ: dict[str, Any], start: Start) -> Iterator[bytes]:
        start("200 OK", JSON)
        yield b"half"
        raise RuntimeError(SECRET)

    def do_never_starts(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        return [b"lost"]

    def do_starts_twice(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", JSON)
        start("200 OK", JSON)
        return []

    def do_text(self, environ: dict[str, Any], start: Start) -> Iterable[Any]:
        start("200 OK", JSON)
        return ["text, not bytes"]

    def do_bad_status(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("fine", JSON)
        return [b""]

    def do_splits(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [("X-Evil", "a\r\nSet-Cookie: b")])
        return [b""]

    def do_wide_header(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [("X-Wide", "汉")])
        return [b""]

    def do_starts_over(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", JSON)
        try:
            raise RuntimeError(SECRET)
        except RuntimeError as error:
            start("418 Teapot", JSON, (type(error), error, error.__traceback__))
        return [b"{}"]

    def do_writes(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        write = start("200 OK", JSON)
        write(b"one ")
        write(b"two ")
        return [b"three"]

    def do_generates(self, environ: dict[str, Any], start: Start) -> Iterator[bytes]:
        start("200 OK", JSON)
        yield b"a"
        yield b"b"

    def do_closes(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", JSON)
        return Closing(self.closed, fails=False)

    def do_closes_after_failure(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", JSON)
        return Closing(self.closed, fails=True)

    def do_no_content(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("204 No Content", [("Content-Length", "3")])
        return [b"odd"]

    def do_not_modified(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("304 Not Modified", [("ETag", '"1"')])
        return [b"odd"]

    def do_wrong_length(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", [*JSON, ("Content-Length", "999"), ("Connection", "close"), ("Server", "other")])
        return [b"four"]

    def do_big(self, environ: dict[str, Any], start: Start) -> Iterable[bytes]:
        start("200 OK", JSON)
        return [b"x" * 1_000_000] * 3


class Closing:
    def __init__(self, closed: threading.Semaphore, *, fails: bool) -> None:
        self._closed = closed
        self._fails = fails

    def __iter__(self) -> Iterator[bytes]:
        yield b"body"
        if self._fails:
            raise RuntimeError(SECRET)

    def close(self) -> None:
        self._closed.release()
