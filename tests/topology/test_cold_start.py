"""A host that starts and does not get ready: its clients are served by the others."""

import concurrent.futures
import contextlib
import time

import pytest
import requests

from tests.services.nginx import Nginx
from tests.services.supervised_host import SupervisedHost

from .conftest import ask
from .toy_host import ToyHost

QUEUED = 2  # connections that Linux takes into a queue of one


class UnreadyHost(SupervisedHost):
    """Its Redis is not there."""

    name = "unready"

    def answers(self) -> bool:
        return self.leader is not None and all(self._is_up(name) for name in self.names)

    def _is_up(self, name: str) -> bool:
        try:
            return self.ask(name, "/api/v1/health/live")[0] == 200
        except OSError:
            return False


@pytest.mark.long
def test_clients_do_not_wait_for_a_host_that_is_not_ready() -> None:
    host = UnreadyHost(SOLO_REDIS_URL="redis://127.0.0.1:1/0", SOLO_DATABASE_URL="sqlite:////nowhere/solo.db")
    with host, ToyHost() as toy, Nginx([toy.address, host.address]) as nginx:

        def send(_: int) -> float:
            began = time.monotonic()
            with contextlib.suppress(requests.Timeout):
                assert ask(nginx, "POST", "/api/v1/x", timeout=8).status_code == 200
            return time.monotonic() - began

        with concurrent.futures.ThreadPoolExecutor(40) as threads:
            seconds = sorted(threads.map(send, range(40)))
    assert seconds[-1 - QUEUED] < 5, seconds
