"""How servers are started: as forks that hold packages and nothing of the project. With a project of ten lines."""

import asyncio
import os
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TextIO

import pytest

from reloading import reloader
from reloading.launching import Command
from reloading.reloader import GOES_COLD, Reloader
from reloading.terminal import Terminal
from tests.services.guard import descendants

from .running import PATIENCE, parent_of

SERVER = """
import os, signal, socket, sys
import words, package_of_toys

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
listener = socket.socket(fileno=os.dup(0))
listener.setblocking(True)
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
    notify.sendto(b"READY=1", "\\0" + os.environ["NOTIFY_SOCKET"][1:])
while True:
    client, _ = listener.accept()
    client.sendall(f"{words.WORD} {package_of_toys.VERSION} {package_of_toys.PID == os.getpid()}".encode())
    client.close()
"""
PACKAGE = "import os\nVERSION, PID = {version}, os.getpid()\n"


class Toy:
    """A project, a package that it uses, and a Reloader at work on it inside the test's process."""

    def __init__(self, folder: Path, output: TextIO) -> None:
        self.project, self.packages = folder / "project", folder / "packages"
        self.project.mkdir()
        self.packages.mkdir()
        self._output = output
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = self.listener.getsockname()
        self.write("tornado_server.py", SERVER)
        self.write("words.py", "WORD = 'first'")
        self.install(PACKAGE.format(version=1))

    def write(self, name: str, text: str) -> None:
        (self.project / name).write_text(text)

    def install(self, text: str) -> None:
        (self.packages / "package_of_toys.py").write_text(text)

    @property
    def printed(self) -> str:
        return os.pread(self._output.fileno(), 1 << 20, 0).decode()

    def run(self, scenario: Callable[[], Awaitable[None]], *, warm: bool = True) -> None:
        """Play a scenario while the Reloader works."""

        async def play() -> None:
            kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
            environment = {**kept, "PYTHONPATH": str(self.packages)}
            command = Command(self.project, self.listener, [], environment, warm=warm)
            work = asyncio.ensure_future(Reloader(command, Terminal(self._output)).run())
            try:
                async with asyncio.timeout(PATIENCE):
                    await scenario()
            finally:
                work.cancel()
                await asyncio.wait({work})

        asyncio.run(play())

    def launchers(self) -> list[int]:
        return [pid for pid in descendants(os.getpid()) if parent_of(pid) == os.getpid() and self._is_ours(pid)]

    def _is_ours(self, pid: int) -> bool:
        return os.fsencode(self.project) in Path(f"/proc/{pid}/cmdline").read_bytes()

    async def until_printed(self, text: str) -> None:
        while text not in self.printed:
            await asyncio.sleep(0.01)

    async def answer(self) -> str:
        reader, writer = await asyncio.open_connection(*self.address)
        try:
            return (await reader.read()).decode()
        finally:
            writer.close()

    async def serves(self, word: str) -> str:
        """Write a word and return what the server of that word answers behind it."""
        self.write("words.py", f"WORD = '{word}'")
        while not (found := await self.answer()).startswith(word):
            await asyncio.sleep(0.01)
        return found.removeprefix(f"{word} ")

    async def edit_until(self, expected: str) -> None:
        """Edit until a server answers so: the warm process learns in the background."""
        number = 0
        while await self.serves(f"edit-{number}") != expected:
            number += 1


@pytest.fixture
def toy(tmp_path: Path) -> "Toy":
    return Toy(tmp_path, (tmp_path / "terminal").open("w+"))


def test_packages_are_imported_once_and_the_project_each_time(toy: Toy) -> None:
    async def scenario() -> None:
        assert await toy.answer() == "first 1 True", "the first server has imported the package by itself"
        await toy.edit_until("1 False")

    toy.run(scenario)


def test_package_that_was_installed_anew_is_imported_anew(toy: Toy) -> None:
    async def scenario() -> None:
        await toy.edit_until("1 False")
        toy.install(PACKAGE.format(version=20))
        assert await toy.serves("installed") == "20 True"
        assert "The packages have changed" in toy.printed
        await toy.edit_until("20 False")

    toy.run(scenario)


@pytest.mark.parametrize(
    "unsafe",
    [
        "import threading, time\nthreading.Thread(target=time.sleep, args=[60], daemon=True).start()\n",
        "import sys\nsys.path.append({project!r})\nimport words\n",
    ],
    ids=["keeps a thread", "imports the project"],
)
def test_package_that_makes_forks_unsafe_makes_all_starts_cold(toy: Toy, unsafe: str) -> None:
    async def scenario() -> None:
        number = 0
        while GOES_COLD not in toy.printed:
            await toy.serves(f"edit-{number}")
            number += 1
        assert await toy.serves("cold") == "1 True"
        assert await toy.serves("as cold") == "1 True"

    toy.install(unsafe.format(project=str(toy.project)) + PACKAGE.format(version=1))
    toy.run(scenario)
    assert not (toy.project / "__pycache__").exists(), "a .pyc hides the second of two edits within a second"


def test_cold_starts_on_demand_serve_as_well(toy: Toy) -> None:
    async def scenario() -> None:
        assert await toy.answer() == "first 1 True"
        for number in range(3):
            assert await toy.serves(f"edit-{number}") == "1 True"

    toy.run(scenario, warm=False)


@pytest.mark.parametrize("warm", [True, False])
def test_start_that_hangs_is_given_up_and_shown_where(toy: Toy, monkeypatch: pytest.MonkeyPatch, warm: bool) -> None:
    async def scenario() -> None:
        assert await toy.answer() == "first 1 True"
        monkeypatch.setattr(reloader, "START_WITHIN", 0.5)
        toy.write("words.py", "import time\n\n\ndef wait():\n    time.sleep(60)\n\n\nwait()\n")
        await toy.until_printed("it was not ready within 0.5 s")
        told = "words.py → not started; the old code goes on serving\n  words.py:5  in wait\n    time.sleep(60)\n"
        assert toy.printed.endswith(f"{told}  it was not ready within 0.5 s\n")
        assert await toy.serves("repaired") != ""

    toy.run(scenario, warm=warm)


def test_warm_process_that_is_killed_takes_the_server_along_and_both_are_replaced(toy: Toy) -> None:
    async def scenario() -> None:
        await toy.edit_until("1 False")
        launcher = toy.launchers()[0]
        os.kill(launcher, signal.SIGKILL)
        await toy.until_printed("; starting it again")
        await toy.edit_until("1 False")
        assert toy.launchers() != [launcher]

    toy.run(scenario)


def test_stream_of_saves_does_not_keep_a_change_from_being_served(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        monkeypatch.setattr(reloader, "GIVES_WAY_FOR", 0.3)
        slow = "import time\ntime.sleep(0.4)\nWORD = 'slow-{number}'"
        number = 0
        while not (await toy.answer()).startswith("slow"):
            number += 1
            toy.write("words.py", slow.format(number=number))
            await asyncio.sleep(0.1)
        assert number > 3, "the first starts gave way"

    toy.run(scenario)
