"""A city of people, generated, and loaded as fast as a database takes it: the same for every database and every run.

Half of them live in its dense centre. Visits go to few much more than to most, and so do likes.
"""

import math
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pymysql
from sqlalchemy import make_url
from tqdm import tqdm

from flask_api.users.models import EDUCATIONS, SALARIES

VISITS, LIKES, LABELS = 10, 2, 3  # for each user
CHUNK = 200_000  # rows
CENTRE = (31.2304, 121.4737)  # degrees
KM = 1 / 111.2  # degrees of latitude

Rows = Iterable[Sequence[Any]]


class City:
    """The rows of a city of ``users`` people.

    Args:
        label_ids: the catalogue's.
    """

    def __init__(self, users: int, label_ids: Sequence[int]) -> None:
        self.users, self.label_ids = users, label_ids
        self.now = datetime.now(UTC)

    def tables(self) -> dict[str, tuple[Sequence[str], Callable[[], Rows], int]]:
        """Return, for each table, its columns, its rows, and how many they are."""
        n = self.users
        info = (
            *("user_id", "nickname", "gender", "birthday", "height_cm", "education", "salary", "visibility", "bio"),
            *("seeks_gender", "seeks_age_min", "seeks_age_max", "is_active", "is_invisible", "active_at", "updated_at"),
        )
        auth = ("id", "phone", "role", "status", "token_generation", "created_at")
        place = ("user_id", "latitude", "longitude", "placed_at", "is_hidden", "updated_at")
        visit = ("id", "host_id", "visitor_id", "day", "visited_at")
        like = ("id", "liker_id", "liked_id", "created_at")
        block = ("blocker_id", "blocked_id", "created_at")
        return {
            "user_auth": (auth, self._accounts, n),
            "user_info": (info, self._profiles, n),
            "location": (place, self._places, n * 8 // 10),
            "user_label": (("user_id", "label_id"), self._labels, n * LABELS),
            "user_like": (like, self._likes, n * LIKES),
            "user_block": (block, self._blocks, n // 2),
            "entitlement": (("user_id", "name", "until"), self._entitlements, n // 10),
            "visitor": (visit, self._visits, n * VISITS),
        }

    def is_central(self, user_id: int) -> bool:
        """Whether somebody lives in the centre."""
        return user_id % 10 < 5

    def is_shown(self, user_id: int) -> bool:
        """Whether everybody may know of somebody, unless one has blocked the other."""
        return user_id % 50 not in (7, 17, 27)

    def _ago(self, **span: float) -> str:
        return (self.now - timedelta(**span)).strftime("%Y-%m-%d %H:%M:%S.%f")

    def _accounts(self) -> Rows:
        for number in range(1, self.users + 1):
            status = "banned" if number % 50 == 7 else "active"
            came = self._ago(days=700 * (1 - number / self.users))
            yield number, f"+8619{number:09d}", "user", status, 0, came

    def _profiles(self) -> Rows:
        dice = random.Random(1)
        today = self.now.date()
        bio = "Climbs, cooks, reads maps. " * 4
        for number in range(1, self.users + 1):
            gender = "other" if number % 101 == 0 else dice.choice(("male", "female"))
            birthday = today - timedelta(days=dice.randint(19 * 365, 60 * 365))
            visibility = {17: "nobody", 27: "liked"}.get(number % 50, "everyone")
            seeks = dice.choice(("male", "female", None))
            age = dice.choice((None, 20, 30))
            here = self._ago(days=min(600, dice.expovariate(1 / 20)))
            yield (
                *(number, f"Person {number}", gender, birthday.isoformat(), dice.randint(150, 195)),
                *(dice.choice(EDUCATIONS), dice.choice(SALARIES), visibility, bio),
                *(seeks, age, age and age + 15, number % 50 != 7, 0, here, here),
            )

    def _places(self) -> Rows:
        dice = random.Random(2)
        latitude, longitude = CENTRE
        for number in range(1, self.users + 1):
            if number % 10 >= 8:
                continue
            spread = (3 if self.is_central(number) else 30) * KM
            north, east = dice.gauss(0, spread), dice.gauss(0, spread) / math.cos(math.radians(latitude))
            since = self._ago(days=20 * dice.random())
            yield number, round(latitude + north, 5), round(longitude + east, 5), since, number % 50 == 2, since

    def _labels(self) -> Rows:
        dice = random.Random(3)
        for number in range(1, self.users + 1):
            yield from ((number, label_id) for label_id in sorted(dice.sample(self.label_ids, LABELS)))

    def _pairs(self, each: int, seed: int) -> Iterator[tuple[int, int, int]]:
        """Yield numbered pairs, no two alike: somebody, and whom he chose; few are chosen by many."""
        dice = random.Random(seed)
        n, row, stride = self.users, 0, 7919  # a prime: all people in a mixed order
        for turn in range(each):
            for number in range(n):
                row += 1
                chooser = number * stride % n + 1
                chosen = each * int(n / each * dice.random() ** 2) + turn + 1
                yield row, chooser, chosen if chosen != chooser else (chosen + each - 1) % n + 1

    def _visits(self) -> Rows:
        count = self.users * VISITS
        for row, chooser, chosen in self._pairs(VISITS, 4):
            moment = self._ago(days=89 * (1 - row / count))
            yield row, chosen, chooser, moment[:10], moment

    def _likes(self) -> Rows:
        count = self.users * LIKES
        for row, chooser, chosen in self._pairs(LIKES, 5):
            yield row, chooser, chosen, self._ago(days=89 * (1 - row / count))

    def _blocks(self) -> Rows:
        dice = random.Random(6)
        moment = self._ago(days=1)
        for blocker in range(2, self.users + 1, 2):
            yield blocker, dice.randrange(1, self.users + 1, 2), moment

    def _entitlements(self) -> Rows:
        return ((number, "visitors", "2099-01-01 00:00:00.000000") for number in range(10, self.users + 1, 10))


def load(url: str, city: City) -> None:
    """Load a city into a database that is migrated and empty; shows how far it is."""
    loader = _load_sqlite if url.startswith("sqlite") else _load_mysql
    total = sum(count for _, _, count in city.tables().values())
    with tqdm(total=total, desc=f"{city.users:,} people", unit=" rows", unit_scale=True, disable=None) as bar:
        loader(url, city, bar)


def _load_sqlite(url: str, city: City, bar: Any) -> None:
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as connection:
        run = connection.execute
        run("PRAGMA synchronous = OFF")
        run("PRAGMA cache_size = -400000")
        indexes = run(
            "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN"
            f" ({', '.join(repr(table) for table in city.tables())})"
        ).fetchall()
        for name, _ in indexes:
            run(f"DROP INDEX {name}")
        for table, (columns, rows, _) in city.tables().items():
            marks = ", ".join("?" * len(columns))
            for chunk in _chunks(rows()):
                run("BEGIN")
                connection.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", chunk)
                run("COMMIT")
                bar.update(len(chunk))
        for name, sql in indexes:
            bar.set_postfix_str(name)
            run(sql)
        run("PRAGMA wal_checkpoint(TRUNCATE)")


def _load_mysql(url: str, city: City, bar: Any) -> None:
    place = make_url(url)
    options = {"host": place.host, "port": place.port, "user": place.username, "database": place.database}
    with pymysql.connect(**options, local_infile=True, autocommit=True, charset="utf8mb4") as connection:
        run = connection.cursor().execute
        run("SET foreign_key_checks = 0, unique_checks = 0")
        for table, (columns, rows, _) in city.tables().items():
            cursor = connection.cursor()
            cursor.execute(f"SHOW INDEX FROM {table} WHERE Key_name <> 'PRIMARY'")
            indexes: dict[str, tuple[bool, list[str]]] = {}
            for row in cursor.fetchall():
                indexes.setdefault(row[2], (row[1] == 0, []))[1].append(row[4])
            if indexes:
                run(f"ALTER TABLE {table} " + ", ".join(f"DROP INDEX {name}" for name in indexes))
            for chunk in _chunks(rows()):
                _load_file(run, table, columns, chunk)
                bar.update(len(chunk))
            bar.set_postfix_str(f"indexes of {table}")
            if indexes:
                added = [
                    f"ADD {'UNIQUE ' if is_unique else ''}INDEX {name} ({', '.join(names)})"
                    for name, (is_unique, names) in indexes.items()
                ]
                run(f"ALTER TABLE {table} {', '.join(added)}")
            run(f"ANALYZE TABLE {table}")


def _load_file(run: Callable[[str], object], table: str, columns: Sequence[str], rows: Rows) -> None:
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", suffix=".tsv") as file:
        for row in rows:
            file.write(
                "\t".join(
                    "\\N" if cell is None else str(int(cell) if cell is True or cell is False else cell) for cell in row
                )
                + "\n"
            )
        file.flush()
        names = ", ".join(columns)
        run(f"LOAD DATA LOCAL INFILE '{file.name}' INTO TABLE {table} CHARACTER SET utf8mb4 ({names})")


def _chunks(rows: Rows) -> Iterator[list[Sequence[Any]]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, CHUNK)):
        yield chunk
