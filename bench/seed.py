"""The rows that all contenders read, and what an honest answer about them says."""

import random
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

USERS, CATEGORIES, POSTS, PAGE = 1000, 20, 2000, 20
MY_ID = 1
START = datetime(2026, 1, 1, 8, tzinfo=UTC)
VOCABULARY = (
    "evening river coffee market bicycle rain photograph summer train letter music garden friend bridge winter "
    "kitchen mountain window street dinner holiday morning film notebook harbour weekend story city walk light"
)
WORDS = VOCABULARY.split()

Row = dict[str, Any]


def fill(database: Path) -> None:
    """Write all rows in place of whatever a migration left in the tables."""
    connection = sqlite3.connect(database, timeout=10)
    with connection:
        for table in reversed(tables()):
            connection.execute(f"DELETE FROM {table}")
        for table, rows in tables().items():
            _insert(connection, table, rows)
    connection.execute("ANALYZE")
    connection.close()


def _insert(connection: sqlite3.Connection, table: str, rows: list[Row]) -> None:
    names = ", ".join(rows[0])
    marks = ", ".join(f":{name}" for name in rows[0])
    connection.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)


def tables() -> dict[str, list[Row]]:
    """Make the rows, the same in every run."""
    dice = random.Random(20)
    posts = [_post(number, dice) for number in range(1, POSTS + 1)]
    return {
        "user_auth": [_account(number) for number in range(1, USERS + 1)],
        "user_info": [_profile(number, dice) for number in range(1, USERS + 1)],
        "blog_category": [_category(number, posts) for number in range(1, CATEGORIES + 1)],
        "blog_post": posts,
    }


def _stored(time: datetime) -> str:
    """Write a time the way SQLAlchemy keeps it in SQLite."""
    return time.strftime("%Y-%m-%d %H:%M:%S.%f")


def _account(number: int) -> Row:
    return {
        "id": number,
        "phone": f"+86{13800137999 + number}",
        "password_hash": None,
        "role": "user",
        "status": "active",
        "token_generation": 0,
        "created_at": _stored(START + timedelta(minutes=number)),
        "last_login_at": None,
        "delete_after": None,
    }


def _profile(number: int, dice: random.Random) -> Row:
    return {
        "user_id": number,
        "nickname": f"{dice.choice(WORDS).title()}{number}",
        "gender": dice.choice(["male", "female"]),
        "birthday": f"{dice.randint(1980, 2005)}-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}",
        "avatar": f"/files/avatars/{dice.getrandbits(64):016x}.jpg",
        "emotional_state": "single",
        "height_cm": dice.randint(150, 195),
        "orientation": "heterosexual",
        "education": "bachelor",
        "salary": "8k_12k",
        "visibility": "everyone",
        "bio": _prose(dice, 12),
        "updated_at": _stored(START + timedelta(minutes=number)),
    }


def _category(number: int, posts: Iterable[Row]) -> Row:
    count = sum(post["category_id"] == number for post in posts)
    return {"id": number, "name": f"{WORDS[number - 1].title()} talk", "post_count": count}


def _post(number: int, dice: random.Random) -> Row:
    time = _stored(START + timedelta(days=1, minutes=5 * number))
    return {
        "id": number,
        "title": _prose(dice, 5).rstrip("."),
        "body": _prose(dice, 35),
        "category_id": dice.randint(1, CATEGORIES),
        "author_id": dice.randint(1, USERS),
        "created_at": time,
        "updated_at": time,
    }


def _prose(dice: random.Random, words: int) -> str:
    return " ".join(dice.choices(WORDS, k=words)).capitalize() + "."


def expected_me() -> Row:
    """Return what ``data`` of "me" must be."""
    rows = tables()
    account, profile = rows["user_auth"][MY_ID - 1], rows["user_info"][MY_ID - 1]
    hidden = ("user_id", "updated_at")
    shown = {name: value for name, value in profile.items() if name not in hidden}
    named = {name: account[name] for name in ("id", "phone", "role")}
    return {**named, **shown, "has_password": False, "created_at": _sent(account["created_at"])}


def expected_items() -> list[Row]:
    """Return what ``data.items`` of the list must be."""
    rows = tables()
    return [_card(post, rows) for post in rows["blog_post"][: -PAGE - 1 : -1]]


def _card(post: Row, rows: Mapping[str, list[Row]]) -> Row:
    category = rows["blog_category"][post["category_id"] - 1]
    author = rows["user_info"][post["author_id"] - 1]
    return {
        "id": post["id"],
        "title": post["title"],
        "body": post["body"],
        "category": {"id": category["id"], "name": category["name"]},
        "author": {"id": author["user_id"], "nickname": author["nickname"], "avatar": author["avatar"]},
        "created_at": _sent(post["created_at"]),
        "updated_at": _sent(post["updated_at"]),
    }


def _sent(stored: str) -> str:
    """Write a stored time the way it travels."""
    return stored.replace(" ", "T").removesuffix(".000000") + "Z"
