"""Kinds of values that settings have beside the plain ones."""

import re
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, InstanceOf
from pydantic_settings import NoDecode
from redis.connection import parse_url
from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

UNITS = {"second": 1, "minute": 60, "hour": 3600, "day": 86400}
QUOTA = re.compile(r"([0-9]{1,9}) (?:per|/) (?:([0-9]{1,4}) )?(second|minute|hour|day)s?\Z")


@dataclass(frozen=True, slots=True)
class Quota:
    """How often something may happen: ``amount`` times within ``seconds``, counted from the first time."""

    amount: int
    seconds: int

    @classmethod
    def parse(cls, text: str) -> "Quota":
        """Return the quota that a text such as ``600 per minute`` or ``20 per 2 hours`` names.

        Raises:
            ValueError: it is no such text.
        """
        match = QUOTA.match(" ".join(text.replace("/", " / ").split()))
        amount, count, unit = match.groups() if match else ("0", None, "second")
        seconds = int(count or 1) * UNITS[unit]
        if int(amount) < 1 or not 1 <= seconds <= 366 * UNITS["day"]:
            raise ValueError("must be an amount and a time, such as 600 per minute or 20 per 2 hours; empty: no limit")
        return cls(int(amount), seconds)

    def __str__(self) -> str:
        unit = next(unit for unit in reversed(UNITS) if self.seconds % UNITS[unit] == 0)
        count = self.seconds // UNITS[unit]
        return f"{self.amount} per {unit}" if count == 1 else f"{self.amount} per {count} {unit}s"


def _split(value: Any) -> Any:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _quota(value: Any) -> Any:
    if isinstance(value, str):
        return Quota.parse(value) if value.strip() else None
    return value


def _database_url(value: str) -> str:
    try:
        url = make_url(value or "sqlite://")
    except (ArgumentError, ValueError):  # whose texts may show the password
        url = None
    if url is None or url.drivername not in ("sqlite", "mysql+pymysql"):
        raise ValueError("must be such as mysql+pymysql://user:password@host/database or sqlite:////path/solo.db")
    if "@" in (url.host or ""):  # which errors of the driver would show, and with it half of the password
        raise ValueError("has an @ in its password; write it as %40")
    return value


def _redis_url(value: str) -> str:
    try:
        parse_url(value) if value else None  # type: ignore[no-untyped-call]
    except ValueError:
        raise ValueError("must be such as redis://:password@host:6379/0, or begin with rediss:// or unix://") from None
    return value


DatabaseURL = Annotated[str, AfterValidator(_database_url)]
RedisURL = Annotated[str, AfterValidator(_redis_url)]
CommaSeparated = Annotated[list[str], NoDecode, BeforeValidator(_split)]
OptionalQuota = Annotated[InstanceOf[Quota] | None, NoDecode, BeforeValidator(_quota)]
