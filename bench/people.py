"""Does what people ask for cost more in a large city? Nearby, hot, search, visitors, profile, in two cities at once.

Two generated cities are loaded into SQLite and MariaDB, and their places and hot lists into a Redis each; all of it is
kept in ``var/bench-people`` for the next run. Then the app answers requests of many people in this process, one to the
small city and one to the large in turn, so that whatever else the machine does disturbs both alike. Measured is the
time inside the server, from the WSGI call to the answer's last byte.
"""

import argparse
import gc
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from redis import Redis
from tqdm import tqdm
from werkzeug.test import create_environ

from bench.city import City
from bench.machine import describe, noise
from bench.people_servers import CityServers, open_city
from bench.report import Aim, aligned, verdicts
from flask_api.core import tokens
from flask_api.core.pagination import write_cursor
from flask_api.users.models import EDUCATIONS, SALARIES

RESULTS = Path(__file__).with_name("results")
MOST = 1.5  # times the small city's p99
MOST_REDIS = 2.0  # ms, at the median, in the dense centre
PACKAGES = ("flask", "flask-restx", "sqlalchemy", "pymysql", "redis", "hiredis")
VIEWERS = 300
NEARBY = "nearby"
REQUESTS = {
    NEARBY: "/nearby",
    "nearby, women of 25 to 35": "/nearby?gender=female&age_min=25&age_max=35",
    "nearby, far down": "/nearby?cursor={nearby_cursor}",
    "hot": "/hot",
    "hot, far down": "/hot?cursor={hot_cursor}",
    "search": "/search/people",
    "search: gender, age": "/search/people?gender=female&age_min=25&age_max=35",
    "search: newest first": "/search/people?order=new&gender=male",
    "search: seven filters": "/search/people?gender=female&age_min=25&age_max=35&height_min=160&is_mutual=true"
    "&education=bachelor,college&active=this_week",
    "search: label": "/search/people?label_id={label_id}&gender=male",
    "search: within 5 km": "/search/people?distance_km=5&gender=female",
    "search: hardly anybody": "/search/people?gender=other&salary=over_20k&height_min=190",
    "search: any filters": "/search/people?{filters}",
    "people with a label": "/labels/{label_id}/people",
    "visitors": "/visitors",
    "profile": "/users/{user_id}",
}


class Visitors:
    """People of one city who are logged in and ask."""

    def __init__(self, app: Flask, city: City) -> None:
        self.app, self.city, self.dice = app, city, random.Random(7)
        # Half of them in the centre, entitled; the others farther out, as people with a place are.
        shown = [n + 5 * (n // 10 % 2) for n in range(10, city.users - 4, 10)]
        shown = [n for n in shown if city.is_shown(n)]
        self.ids = self.dice.sample(shown, min(VIEWERS, len(shown)))
        with app.app_context():
            self.cursors = {
                f"{name}_cursor": write_cursor(name, [min(900, city.users // 20)]) for name in (NEARBY, "hot")
            }
            self.tokens = [tokens.issue(user_id, 0, device="bench", address="127.0.0.1") for user_id in self.ids]
        self.central = [token for user_id, token in zip(self.ids, self.tokens, strict=True) if city.is_central(user_id)]

    def filters(self) -> str:
        """Draw a set of filters: hardly any comes twice, so that statements are made while it is measured."""
        ages, heights = (sorted(self.dice.sample(span, 2)) for span in (range(18, 70), range(150, 195)))
        chances = {
            "order": self.dice.choice(("active", "new")),
            "gender": self.dice.choice(("male", "female")),
            "age_min": ages[0],
            "age_max": ages[1],
            "height_min": heights[0],
            "height_max": heights[1],
            "education": ",".join(self.dice.sample(EDUCATIONS, self.dice.randint(1, 3))),
            "salary": ",".join(self.dice.sample(SALARIES, self.dice.randint(1, 3))),
            "label_id": ",".join(map(str, self.dice.sample(self.city.label_ids, self.dice.randint(1, 3)))),
            "distance_km": self.dice.choice((5, 20, 100)),
            "active": self.dice.choice(("today", "this_week")),
            "is_new": "true",
            "is_mutual": "true",
        }
        return urlencode({name: value for name, value in chances.items() if self.dice.random() < 0.3})

    def ask(self, path: str, *, is_central: bool = False) -> float:
        """Send a request of one of them, or of one in the centre; return the milliseconds inside the server."""
        whom = self.dice.randrange(1, self.city.users + 1)
        while not self.city.is_shown(whom):
            whom = self.dice.randrange(1, self.city.users + 1)
        places = {
            "user_id": whom,
            "label_id": self.dice.choice(self.city.label_ids),
            "filters": self.filters(),
        } | self.cursors
        environ = create_environ(
            f"/api/v1{path.format_map(places)}",
            headers={"token": self.dice.choice(self.central if is_central else self.tokens)},
        )
        environ["REMOTE_ADDR"] = "127.0.0.1"
        statuses: list[str] = []
        began = time.perf_counter()
        list(self.app(environ, lambda status, *_: statuses.append(status) or (lambda _: None)))
        took = (time.perf_counter() - began) * 1000
        if statuses[0][:3] not in ("200", "404"):  # 404: the one has blocked the other
            raise RuntimeError(f"{path} answered {statuses}")
        return took


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark; 1 when an aim was missed."""
    options = _options(arguments)
    if warning := noise():
        print(f"warning: {warning}", file=sys.stderr)
    machine, figures, redis_ms = describe(PACKAGES), {}, {}
    for database in options.databases:
        with ExitStack() as stack:
            servers = stack.enter_context(CityServers(options.folder, database))
            cities = [Visitors(*open_city(stack, servers, size)) for size in (options.small, options.large)]
            figures[database] = _measure(cities, options.rounds, options.requests)
            redis_ms[database] = [_redis_ms(city) for city in cities]
    return _tell(machine, (options.small, options.large), figures, redis_ms)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, prog="make bench-people")
    parser.add_argument("--small", type=int, default=10_000, help="people of the one city (default: %(default)s)")
    parser.add_argument("--large", type=int, default=1_000_000, help="and of the other (default: %(default)s)")
    parser.add_argument("--databases", nargs="+", choices=("sqlite", "mariadb"), default=["sqlite", "mariadb"])
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured (default: %(default)s)")
    parser.add_argument("--requests", type=int, default=300, help="in each round (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=Path("var/bench-people"), help="keeps the cities")
    return parser.parse_args(arguments)


def _measure(cities: Sequence[Visitors], rounds: int, requests: int) -> dict[str, list[list[list[float]]]]:
    """Return the milliseconds of every request: by what is asked for, by city, by round."""
    found: dict[str, list[list[list[float]]]] = {}
    for name, path in tqdm(REQUESTS.items(), desc="measuring", disable=None):
        for city in cities:
            for _ in range(VIEWERS):
                city.ask(path)
        gc.collect()
        gc.freeze()
        found[name] = [[], []]
        for _ in range(rounds):
            pairs = [[city.ask(path) for city in cities] for _ in range(requests)]
            for by_round, times in zip(found[name], zip(*pairs, strict=True), strict=True):
                by_round.append(list(times))
    return found


def _redis_ms(city: Visitors) -> float:
    """Return how long Redis itself takes to find who is near, in the centre; the median, in milliseconds."""
    redis: Redis = city.app.extensions["redis"]
    redis.config_set("slowlog-max-len", 10_000)
    redis.config_set("slowlog-log-slower-than", 0)
    redis.slowlog_reset()
    for _ in range(VIEWERS):
        city.ask(REQUESTS[NEARBY], is_central=True)
    entries: Any = redis.slowlog_get(10_000)
    redis.config_set("slowlog-log-slower-than", -1)
    called = [entry for entry in entries if entry["command"].startswith(b"EVALSHA")]
    scripts = [entry["duration"] / 1000 for entry in called if b":{geo}:places" in entry["command"]]
    return median(scripts)


def _p99(times: Sequence[float]) -> float:
    return quantiles(times, n=100)[98]


def _rows(figures: dict[str, list[list[list[float]]]]) -> Iterator[tuple[str, list[float], list[float], float]]:
    """Yield what was asked for, and the medians of the rounds: p50 of each city, p99 of each, and their ratio."""
    for name, cities in figures.items():
        p50, p99 = ([median(map(of, rounds)) for rounds in cities] for of in (median, _p99))
        yield name, p50, p99, p99[1] / p99[0]


def _tell(
    machine: dict[str, Any], sizes: Sequence[int], figures: dict[str, Any], redis_ms: dict[str, list[float]]
) -> int:
    aims, kept = [], {}
    for database, found in figures.items():
        heads = [f"{what} of {size:,}" for what in ("p50", "p99") for size in sizes]
        table = [[f"{database}, ms", *heads, "p99 ratio"]]
        rows = list(_rows(found))
        table += [[name, *(f"{ms:.2f}" for ms in (*p50, *p99)), f"{ratio:.2f}"] for name, p50, p99, ratio in rows]
        print("\n".join(aligned(table)), "\n")
        worst = max(ratio for *_, ratio in rows)
        aims.append(
            Aim(
                f"{database}: p99 at {sizes[1]:,} people is at most {MOST} times that at {sizes[0]:,}",
                worst,
                worst <= MOST,
            )
        )
        slowest = max(redis_ms[database])
        aims.append(
            Aim(
                f"{database}: Redis finds who is near within {MOST_REDIS:g} ms at the median",
                slowest,
                slowest <= MOST_REDIS,
            )
        )
        kept[database] = {
            "requests": {name: {"p50": p50, "p99": p99, "ratio": ratio} for name, p50, p99, ratio in rows},
            "nearby_redis_ms": redis_ms[database],
        }
    print(verdicts(aims))
    RESULTS.mkdir(exist_ok=True)
    told = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine,
        "people": sizes,
        "databases": kept,
    }
    (RESULTS / "people.json").write_text(json.dumps(told, indent=2) + "\n")
    return 0 if all(aim.hit for aim in aims) else 1


if __name__ == "__main__":
    sys.exit(main())
