"""Sockets that were handed over, and one's own."""

import fcntl
import multiprocessing
import os
import socket
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from flask_api.server.listening import ServingError, bind_process_socket, listen
from flask_api.settings import Settings


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


def told(stdin: socket.socket | None = None, *, third: socket.socket | None = None, **more: str) -> str:
    """What a process says of its sockets; ``third`` becomes its descriptor 3.

    It is forked, for one that imports Solo anew takes a second.
    """
    ours, its = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_tell, args=(its, stdin, third, more))
    process.start()
    its.close()
    with ours:
        said = str(ours.recv())
    process.join(10)
    assert process.exitcode == 0
    return said


def _tell(asker: Connection, stdin: socket.socket | None, third: socket.socket | None, more: dict[str, str]) -> None:
    os.environ |= more
    os.dup2(stdin.fileno() if stdin else os.open(os.devnull, os.O_RDONLY), 0)
    if third is not None:
        asker = Connection(fcntl.fcntl(asker.fileno(), fcntl.F_DUPFD, 10))
        os.dup2(third.fileno(), 3)
    try:
        listening = listen(Settings(port=0))
    except ServingError as error:
        asker.send(str(error))
    else:
        left = sorted(set(os.environ) & {"LISTEN_FDS"})
        asker.send(" ".join(map(str, [listening.inherited, *(s.getsockname()[1] for s in listening.sockets), left])))
    os._exit(0)  # the descriptors are not what anybody thinks they are


def test_listening_socket_as_standard_input_is_used(listener: socket.socket) -> None:
    assert told(listener) == f"True {listener.getsockname()[1]} []"


@pytest.mark.long
def test_listening_socket_of_systemd_is_used_and_not_handed_on(listener: socket.socket) -> None:
    assert told(third=listener, LISTEN_FDS="1") == f"True {listener.getsockname()[1]} []"


def test_sockets_meant_for_another_process_are_left_alone(listener: socket.socket) -> None:
    assert told(third=listener, LISTEN_FDS="1", LISTEN_PID="1").startswith("False ")


def test_connected_socket_as_standard_input_is_none_to_listen_on() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        assert told(theirs).startswith("False ")


@pytest.mark.parametrize("count", ["1", "0", "x"])
def test_listen_fds_without_a_socket_is_one_clear_line(count: str) -> None:
    assert told(LISTEN_FDS=count) == f"LISTEN_FDS is {count}, but no listening sockets were handed over"


def test_process_socket_takes_the_place_of_one_left_behind_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "run" / "solo_0.sock"
    bind_process_socket(path).close()
    with bind_process_socket(path), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))
        assert path.stat().st_mode & 0o777 == 0o600


def test_process_socket_on_a_file_or_too_deep_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("kept")
    for path in (tmp_path / "file", tmp_path / ("x" * 120)):
        with pytest.raises(ServingError, match=r"\Acannot listen on .*\Z"):
            bind_process_socket(path)
    assert (tmp_path / "file").read_text() == "kept"
