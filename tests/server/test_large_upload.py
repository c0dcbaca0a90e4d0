"""That a file of 100 MB costs the server no memory to speak of, and none of its attention."""

import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest
import requests

from flask_api.providers.storage.signed_links import LinkSigner
from flask_api.settings import DEVELOPMENT_SECRET
from tests.services.solo_server import SoloServer

from .uploading import KEY

MEGABYTE = 1024 * 1024
SIZE = 100 * MEGABYTE


def most_memory(process: int) -> int:
    """The most memory that a process has had so far, in bytes."""
    lines = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


@pytest.mark.long
@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_file_of_100_megabytes_is_stored_in_constant_memory_while_others_are_answered(tmp_path: Path) -> None:
    link = LinkSigner(DEVELOPMENT_SECRET).upload(KEY, size=SIZE, content_type="video/mp4", lifetime=60)
    with SoloServer(tmp_path / "var", SOLO_WORKERS="1") as server:
        waits: list[float] = []
        Path(f"/proc/{server.process.pid}/clear_refs").write_text("5")  # "most" begins anew (proc(5))
        before = most_memory(server.process.pid)
        client = HTTPConnection(server.address.removeprefix("http://"), timeout=60)
        client.putrequest("PUT", link)
        client.putheader("Content-Length", str(SIZE))
        client.endheaders()
        for number in range(SIZE // MEGABYTE):
            client.send(bytes([number]) * MEGABYTE)
            if number % 10 == 0:
                began = time.monotonic()
                assert requests.get(f"{server.address}/api/v1/health/live", timeout=5).status_code == 200
                waits.append(time.monotonic() - began)
        assert client.getresponse().status == 200
        grown = most_memory(server.process.pid) - before
        content = server.data_dir / "files" / KEY
        assert content.stat().st_size == SIZE
        with content.open("rb") as file:
            assert all(file.read(MEGABYTE) == bytes([number]) * MEGABYTE for number in range(100))
    print(f"grown by {grown / MEGABYTE:.1f} MB, others waited {max(waits):.3f} s at most")
    assert grown < 20 * MEGABYTE
    assert max(waits) < 1
