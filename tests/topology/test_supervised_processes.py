"""supervisord.ini as it is shipped, started by ``manage.py supervise``: restarts, releases, settings, the end."""

import os
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from deploy.host.events import Events
from deploy.host.layout import Layout
from deploy.host.rolling import Rolling
from deploy.host.supervisor import Supervisor
from flask_api.accounts.leaving import erase_expired_accounts
from flask_api.core.job_rows import Job
from flask_api.database_upgrade import upgrade_database
from tests.conftest import make_settings, start_app, stop_app
from tests.deploy.load import Load, wait_until
from tests.factories import Factory
from tests.services.redis_server import RedisServer
from tests.services.supervised_host import PRODUCTION, SupervisedHost

pytestmark = pytest.mark.long

NEW_RELEASE = "20260102T000000Z-111111111111"
NEWER_RELEASE = "20260103T000000Z-222222222222"


@pytest.fixture(scope="module")
def app(redis_server: RedisServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    """The same app, database and Redis as on the host, at hand in this process."""
    folder = tmp_path_factory.mktemp("host")
    values = {"database_url": f"sqlite:///{folder / 'solo.db'}", "redis_url": redis_server.url()}
    secret = PRODUCTION["SOLO_SECRET_KEY"]  # jobs are stored encrypted
    app = start_app(make_settings(folder, **values, sms_code_interval=0, secret_key=secret))
    upgrade_database(app)
    yield app
    stop_app(app)


@pytest.fixture(scope="module")
def shared_host(app: Flask) -> Iterator[SupervisedHost]:
    settings = app.extensions["settings"]
    with SupervisedHost(SOLO_REDIS_URL=settings.redis_url, SOLO_DATABASE_URL=settings.database_url) as host:
        yield host


@pytest.fixture
def host(shared_host: SupervisedHost) -> SupervisedHost:
    """It runs, whatever the test before has done."""
    shared_host.start()
    return shared_host


def test_restarting_each_process_in_turn_costs_no_request(host: SupervisedHost, app: Flask) -> None:
    before, token = {name: host.pid(name) for name in host.names}, str(Factory(app).user().token)
    with Load(host.address, token=token, rate="60") as load:
        for name in host.names:
            host.restart(name)
        load.seconds(0.2)
    assert load.figures["failed"] == 0, load.failures
    assert load.figures["answered"] > 60
    assert all(host.pid(name) not in before.values() for name in host.names)


def test_a_process_that_dies_is_replaced_and_nobody_is_refused(host: SupervisedHost) -> None:
    died = host.pid("solo_1")
    os.kill(died, signal.SIGKILL)
    while host.pid("solo_1") in (died, 0) or not host.ready("solo_1"):
        with socket.create_connection(("127.0.0.1", host.port), timeout=10):
            time.sleep(0.01)


def test_a_process_runs_the_release_that_was_current_when_it_started(host: SupervisedHost) -> None:
    before = {name: host.release(name) for name in host.names}
    host.make_release(NEW_RELEASE)
    host.switch(NEW_RELEASE)
    host.restart("solo_0")
    after = {name: host.release(name) for name in host.names}
    assert after == {**before, "solo_0": NEW_RELEASE}
    for name, release in after.items():
        assert Path(f"/proc/{host.pid(name)}/cwd").readlink() == host.root / "releases" / release
    assert Path(f"/proc/{host.leader}/cwd").readlink() == Path("/"), "supervisord outlives releases"
    assert str(host.root / "releases") not in Path(f"/proc/{host.leader}/cmdline").read_text()


def test_jobs_have_a_process_of_their_own_which_a_deployment_brings_to_the_new_release(
    host: SupervisedHost, app: Flask
) -> None:
    def run_one() -> None:
        with app.app_context():
            erase_expired_accounts()
        wait_until(lambda: not Factory(app).execute(select(Job.id)), "the job is done")

    run_one()
    before = host.supervisor.getProcessInfo("jobs:jobs")["pid"]
    host.make_release(NEWER_RELEASE)
    host.switch(NEWER_RELEASE)
    with open(os.devnull, "wb") as nobody:
        layout, events = Layout(host.root), Events(nobody.fileno())
        rolling = Rolling(layout, Supervisor(layout), events, release=NEWER_RELEASE, ready_seconds=30)
        rolling.bring("jobs:jobs")
    after = host.supervisor.getProcessInfo("jobs:jobs")["pid"]
    assert after not in (0, before)
    assert Path(f"/proc/{after}/cwd").readlink() == host.root / "releases" / NEWER_RELEASE
    run_one()


def test_a_setting_that_changes_in_the_file_counts_for_processes_that_start_then(host: SupervisedHost) -> None:
    file = host.root / "shared" / ".env"
    file.write_text(file.read_text().replace("ALLOWED_HOSTS=localhost", "ALLOWED_HOSTS=localhost,new.example"))
    host.restart("solo_0")
    asked = {name: host.ask(name, "/api/v1/health/live", host="new.example")[0] for name in host.names}
    assert asked == {"solo_0": 200, "solo_1": 400}
    assert "SOLO_" not in Path(f"/proc/{host.pid('solo_0')}/environ").read_text()


def test_while_the_whole_group_is_stopped_a_client_is_refused_or_answered(host: SupervisedHost) -> None:
    outcomes: list[str] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            try:
                answer = requests.get(f"http://localhost:{host.port}/api/v1/health/live", timeout=10)
                outcomes.append(str(answer.status_code))
            except requests.ConnectionError as error:
                outcomes.append("refused" if "Connection refused" in str(error) else repr(error))

    clients = [threading.Thread(target=ask) for _ in range(8)]
    for client in clients:
        client.start()
    wait_until(lambda: len(outcomes) > 50, "they are served")
    host.supervisor.stopProcessGroup("solo")
    over.set()
    for client in clients:
        client.join()
    assert set(outcomes) == {"200", "refused"}
    host.supervisor.startProcessGroup("solo", False)
    wait_until(lambda: all(map(host.ready, host.names)), "the group serves again")


def test_only_the_user_who_started_it_may_give_orders_and_logs_are_rotated(host: SupervisedHost) -> None:
    sockets = host.current / "var" / "run"
    for name, mode in [("supervisord.sock", 0o700), *((f"{name}.sock", 0o600) for name in host.names)]:
        assert stat.S_IMODE((sockets / name).stat().st_mode) == mode
    for process in host.supervisor.getAllConfigInfo():
        assert 0 < process["stdout_logfile_maxbytes"] <= 50_000_000
        assert process["stdout_logfile_backups"] > 0
        assert process["stopwaitsecs"] == 20 + 10


def test_starting_it_twice_is_refused_in_one_line(host: SupervisedHost) -> None:
    again = host.manage("supervise")
    assert again.returncode == 1
    assert "it runs already" in again.stderr
    assert again.stderr.count("\n") == 1


def test_on_sigterm_what_is_in_flight_is_answered_and_nothing_is_left(host: SupervisedHost) -> None:
    processes, address = host.processes, ("127.0.0.1", host.port)
    with socket.create_connection(address, timeout=10) as client:
        client.sendall(b"GET /api/v1/health/live HTTP/1.1\r\nHost: localhost\r\n")
        requests.get(f"http://{host.address}/api/v1/health/live", timeout=10)  # by now the other has arrived
        ending = threading.Thread(target=host.end)
        ending.start()
        wait_until(lambda: host.processes != processes, "the idle process has ended")
        client.sendall(b"\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"
    ending.join(30)
    assert host.processes == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)
