"""Kill the worker of background jobs at random, restart Redis now and then, and count what got lost: ``--help``.

Each round stores some jobs, in transactions of a few, and kills the worker with SIGKILL a random time after it began;
every tenth round Redis is killed as well, and comes back empty. In the end a worker may finish, and the notes that the
jobs wrote are counted.
"""

import argparse
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from flask import Flask
from sqlalchemy import func, select
from tqdm import tqdm

from flask_api.core.job_rows import Job
from flask_api.core.transaction import rows, transactional
from flask_api.database_upgrade import upgrade_database
from tests.conftest import make_settings, start_app, stop_app
from tests.jobs import some_jobs
from tests.jobs.worker import WorkerProcess
from tests.services import mariadb
from tests.services.redis_server import RedisServer

LEASE = 2.0  # seconds
LONGEST_JOB = 0.4  # seconds
LONGEST_LIFE = 3.0  # seconds of a worker, from its first job on
REDIS_EVERY = 10  # rounds
LAST_ROUND = 600.0  # seconds
NAME = "jobs_campaign"


def main() -> int:
    """Run the campaign; 0: nothing was lost."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--jobs", type=int, default=2000, help="how many (%(default)s)")
    parser.add_argument("--kills", type=int, default=50, help="how often the worker is killed (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of all that is random")
    wanted = parser.parse_args()
    server = mariadb.running_url()
    with tempfile.TemporaryDirectory(prefix="solo-jobs-") as folder, RedisServer() as redis:
        url = mariadb.create_database(server, NAME) if server else f"sqlite:///{folder}/solo.db"
        app = start_app(
            make_settings(Path(folder), database_url=url, redis_url=redis.url(), redis_timeout=1, job_lease=LEASE)
        )
        upgrade_database(app)
        began = time.monotonic()
        try:
            _run(app, redis, wanted.jobs, wanted.kills, random.Random(wanted.seed))
            notes = (Path(folder) / "notes").read_text().splitlines()
            print(f"seed {wanted.seed}, {'MariaDB' if server else 'SQLite'}, {time.monotonic() - began:.0f} s")
            return _tell(app, notes, wanted.jobs)
        finally:
            stop_app(app)
            if server:
                mariadb.drop_database(server, NAME)


def _run(app: Flask, redis: RedisServer, jobs: int, kills: int, chance: random.Random) -> None:
    worker = WorkerProcess(app.extensions["settings"], SOLO_JOB_LEASE=str(LEASE))
    stored = 0
    for number in tqdm(range(kills), desc="kills", disable=None):
        until = jobs * (number + 1) // kills
        if number % REDIS_EVERY == REDIS_EVERY // 2:
            stored = _store(app, stored, (stored + until) // 2, chance)
            redis.kill()  # what waits in it is forgotten
            stored = _store(app, stored, until, chance)
            redis.start()
        stored = _store(app, stored, until, chance)
        worker.start()
        time.sleep(chance.uniform(0, LONGEST_LIFE))
        worker.kill()
    worker.start()
    with tqdm(total=jobs, desc="done", disable=None) as bar:
        deadline = time.monotonic() + LAST_ROUND
        while (left := _left(app)) and time.monotonic() < deadline:
            bar.update(jobs - left - bar.n)
            time.sleep(0.2)
    worker.stop()


def _store(app: Flask, first: int, end: int, chance: random.Random) -> int:
    @transactional
    def store(numbers: range) -> None:
        for number in numbers:
            some_jobs.noted(text=str(number), seconds=round(chance.uniform(0, LONGEST_JOB), 3))

    with app.app_context():
        for number in range(first, end, 5):
            store(range(number, min(number + 5, end)))
    return end


def _left(app: Flask) -> int:
    with app.app_context():
        return int(rows(select(func.count()).select_from(Job).where(Job.name == some_jobs.noted.name))[0][0])


def _tell(app: Flask, notes: list[str], jobs: int) -> int:
    begun = Counter(note.removeprefix("begin ") for note in notes if note.startswith("begin "))
    ended = Counter(note.removeprefix("end ") for note in notes if note.startswith("end "))
    lost = [number for number in map(str, range(jobs)) if not ended[number]]
    print(f"jobs {jobs}, lost {len(lost)}, not settled {_left(app)}")
    print(f"begun more than once {sum(n > 1 for n in begun.values())}, ended more than once ", end="")
    print(f"{sum(n > 1 for n in ended.values())}, at most {max(begun.values(), default=0)} times")
    return 1 if lost or _left(app) else 0


if __name__ == "__main__":
    sys.exit(main())
