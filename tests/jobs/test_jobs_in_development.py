"""The server runs jobs itself in development, with nothing else to start."""

import time
from pathlib import Path

import pytest
from sqlalchemy import select

from flask_api.accounts.leaving import erase_expired_accounts
from flask_api.core.job_rows import Job
from tests.conftest import make_settings, start_app, stop_app
from tests.deploy.load import wait_until
from tests.factories import Factory
from tests.services.solo_server import SoloServer


@pytest.mark.long
@pytest.mark.parametrize(("inside", "workers"), [("", "1"), ("", "2"), ("false", "1")])
def test_one_process_of_the_server_runs_jobs_unless_told_not_to(tmp_path: Path, inside: str, workers: str) -> None:
    told = {"SOLO_JOBS_INSIDE": inside} if inside else {}
    with SoloServer(tmp_path / "var", SOLO_WORKERS=workers, **told):
        app = start_app(make_settings(tmp_path / "var"))
        with app.app_context():
            erase_expired_accounts()  # Redis is not in this app's settings: the relay finds it
        if inside:
            time.sleep(3)
            assert Factory(app).execute(select(Job.id))
        else:
            wait_until(lambda: not Factory(app).execute(select(Job.id)), "it was run")
        stop_app(app)
