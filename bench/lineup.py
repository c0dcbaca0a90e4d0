"""Bring the contenders up, in the order that sharing one database needs."""

import json
import secrets
import urllib.request
from collections.abc import Sequence
from typing import Any

import redis
from sqlalchemy import create_engine
from tqdm import tqdm

from bench import seed
from bench.contenders import BARE, ENDPOINTS, OURS, Contender, Running, ask, check, expected_answers, start
from bench.peers.models import Base
from bench.peers.tokens import key_of
from bench.processes import Pinned
from bench.stage import PEERS_REDIS_DB, Stage

MY_PHONE = "13800138000"


class LoginFailedError(Exception):
    """Ours refused to log the benchmark's user in."""


def line_up(contenders: Sequence[Contender], stage: Stage) -> list[Running]:
    """Start the contenders and check their answers: ours first, for it makes the tables; bare last, for it copies."""
    peers = [one for one in contenders if one not in (OURS, BARE)]
    running: dict[Contender, Running] = {}
    if OURS in contenders:
        tqdm.write("starting ours …")
        process = start(OURS, stage)
        seed.fill(stage.database)
        running[OURS] = Running(OURS, process, {"token": _log_in(process)})
    else:
        _create_tables(stage)
        seed.fill(stage.database)
    token = _token_of_peers(stage)
    for contender in peers:
        tqdm.write(f"starting {contender.name} …")
        running[contender] = Running(contender, start(contender, stage), {"token": token})
    if BARE in contenders:
        tqdm.write("starting bare …")
        _write_fixed_answers(stage, running.get(OURS))
        running[BARE] = Running(BARE, start(BARE, stage), {"token": token})
    field = [running[contender] for contender in contenders]
    for one in field:
        check(one)
    return field


def _create_tables(stage: Stage) -> None:
    """Make the tables from the peers' models, in the journal mode that ours leaves in the file."""
    engine = create_engine(f"sqlite:///{stage.database}")
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        Base.metadata.create_all(connection)
        connection.commit()
    engine.dispose()


def _write_fixed_answers(stage: Stage, ours: Running | None) -> None:
    answers = expected_answers()
    if ours:
        answers = {endpoint.path.partition("?")[0]: ask(ours, endpoint) for endpoint in ENDPOINTS}
    (stage.folder / "answers.json").write_text(json.dumps(answers))


def _token_of_peers(stage: Stage) -> str:
    token = secrets.token_urlsafe(32)
    with redis.Redis.from_url(stage.redis_url(PEERS_REDIS_DB)) as client:
        client.set(key_of(token), seed.MY_ID)
    return token


def _log_in(process: Pinned) -> str:
    """Log in to ours by SMS code; in development the code comes back in the answer."""
    try:
        code = _post(process, "sms-codes", phone=MY_PHONE, purpose="login")["code"]
        return str(_post(process, "sms-login", phone=MY_PHONE, code=code)["token"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LoginFailedError(f"login at ours failed: {error!r}\n{process.log_tail()}") from error


def _post(process: Pinned, action: str, **body: str) -> dict[str, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{process.port}/api/v1/auth/{action}",
        data=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return dict(json.load(answer)["data"])
