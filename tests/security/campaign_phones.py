"""Whether the time of an answer tells known phones from unknown ones.

Each sample is a phone of its own, as limits count by phone; known, unknown and unknown once more come in random order.
The difference between known and unknown is compared with what chance does between samples of one kind.
"""

import random
import statistics
import tempfile
import time
from base64 import b64encode
from collections import defaultdict
from collections.abc import Iterator
from math import erfc, sqrt
from pathlib import Path

from sqlalchemy import insert, select

from flask_api.accounts.passwords import hash_password
from flask_api.users.models import UserAuth, UserInfo
from tests.factories import Factory
from tests.security.barrage import Barrage, request_bytes
from tests.security.figures import Figure, Part, Sizes, progress
from tests.security.two_servers import TwoServers

KINDS = ("known", "unknown", "unknown again")
LEAST_P = 0.001  # that both are of one kind; below it, time tells
WARM_UP = 20

Times = dict[str, list[float]]


def requests_of(phone: str) -> Iterator[tuple[str, bytes]]:
    """Every way to name a phone without being logged in, with everything else wrong."""
    credentials = b64encode(f"{phone}:wrong horse".encode()).decode()
    reset = {"phone": phone, "code": "000000", "new_password": "battery staple"}
    yield "sms-codes", request_bytes("POST", "/auth/sms-codes", {"phone": phone})
    yield "sms-login", request_bytes("POST", "/auth/sms-login", {"phone": phone, "code": "000000"})
    yield "password-login", request_bytes("POST", "/auth/password-login", {"phone": phone, "password": "wrong horse"})
    yield "basic-login", request_bytes("POST", "/auth/basic-login", Authorization=f"Basic {credentials}")
    yield "password-reset", request_bytes("POST", "/auth/password-reset", reset)


def register(make: Factory, phones: list[str]) -> None:
    """Make accounts, all with one password hash: it would take a minute to hash for each."""
    one_hash = hash_password("correct horse")
    columns = {"role": "user", "status": "active", "password_hash": one_hash}
    make.execute(insert(UserAuth).values([{"phone": f"+86{phone}", **columns} for phone in phones]))
    ids = [row.id for row in make.execute(select(UserAuth.id))]
    make.execute(insert(UserInfo).values([{"user_id": user_id, "nickname": "Lin"} for user_id in ids]))


def measure(site: TwoServers, sizes: Sizes) -> dict[str, Times]:
    """Return seconds by operation and kind."""
    phones = {kind: [site.make.phone() for _ in range(sizes.samples)] for kind in KINDS}
    register(site.make, phones["known"])
    order = [(kind, phone) for kind in KINDS for phone in phones[kind]]
    random.Random(sizes.seed).shuffle(order)
    line, found = Barrage([site.servers[0].address], 1), defaultdict(lambda: defaultdict(list))
    warm_up = [("", site.make.phone()) for _ in range(WARM_UP)]
    for kind, phone in progress([*warm_up, *order], "phones"):
        for operation, request in requests_of(phone):
            began = time.perf_counter()
            (outcome,) = line.send([request])
            seconds = time.perf_counter() - began
            assert outcome.code in (201, 401), (operation, outcome)
            if kind:
                found[operation][kind].append(seconds)
    line.close()
    return dict(found)


def mann_whitney(one: list[float], other: list[float]) -> float:
    """Return the probability that two samples of one kind differ so much in their ranks, two-sided."""
    ranked = sorted([(value, 0) for value in one] + [(value, 1) for value in other])
    ranks = sum(rank for rank, (_, which) in enumerate(ranked, 1) if which == 0)
    n, m = len(one), len(other)
    u = ranks - n * (n + 1) / 2
    return erfc(abs(u - n * m / 2) / sqrt(n * m * (n + m + 1) / 12) / sqrt(2))


def figure(operation: str, times: Times) -> Figure:
    """Compare known with unknown, and unknown with unknown for the noise."""
    known, unknown, again = (times[kind] for kind in KINDS)
    medians = [statistics.median(kind) * 1000 for kind in (known, unknown, again)]
    p, noise = mann_whitney(known, [*unknown, *again]), mann_whitney(unknown, again)
    told = "known {:.3f} ms, unknown {:.3f} and {:.3f} ms".format(*medians)
    return Figure(
        f"{operation}, {len(known)} phones of each kind: p that time tells nothing",
        f"{p:.3f} ({told}; of one kind {noise:.3f})",
        f"≥ {LEAST_P}",
        p >= LEAST_P,
    )


def run(sizes: Sizes) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder, TwoServers(Path(folder)) as site:
        return [figure(operation, times) for operation, times in measure(site, sizes).items()]


PART = Part("phones", "which phones are registered, by the time of the answer", run)
