"""Is this process alive, and can it serve?"""

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from alembic.config import Config
from alembic.script import ScriptDirectory
from redis.exceptions import RedisError
from sqlalchemy import ColumnElement, Select, func, select, text
from sqlalchemy.exc import SQLAlchemyError

from flask_api.core.database import now
from flask_api.core.errors import ServiceUnavailable
from flask_api.core.exposition import exposition
from flask_api.core.job_rows import Job
from flask_api.core.transaction import rows
from flask_api.extensions import db, redis, settings
from flask_api.settings import ROOT

# A deployed release lies in a folder of its name and has its manifest with it (deploy/).
RELEASE = ROOT.name if (ROOT / "release.json").is_file() else "development"
OK = "ok"
MOST_COUNTED = 10_000  # jobs; to count all of a long queue would take as long
AWAY = "away"


def _count(condition: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).select_from(select(Job.id).where(condition).limit(MOST_COUNTED).subquery())


WAITING, DEAD = _count(Job.died_at.is_(None)), _count(Job.died_at.is_not(None))
EARLIEST = select(func.min(Job.due_at)).where(Job.died_at.is_(None))  # those that are being run are due later


class NotReady(ServiceUnavailable):
    status = "NOT_READY"
    message = "This process cannot serve now."


@dataclass(frozen=True, slots=True)
class Live:
    alive: bool = True


@dataclass(frozen=True, slots=True)
class Ready:
    """Each part is ``ok``, or a word that says what is wrong."""

    database: str
    redis: str
    migration: str
    revision: str | None
    release: str


def check_ready() -> Ready:
    """Return the state of all parts.

    Raises:
        NotReady: names the parts that are not.
    """
    database, revision = _check_database()
    older = outdated_revisions(str(settings.migrations_dir))
    migration = f"at {revision or 'none'}, which is too old" if revision is None or revision in older else OK
    state = Ready(database, _check_redis(), migration if database == OK else "unknown", revision, RELEASE)
    wrong = [
        {"field": name, "message": getattr(state, name)}
        for name in ("database", "redis", "migration")
        if getattr(state, name) != OK
    ]
    if wrong:
        raise NotReady(errors=wrong)
    return state


def _check_database() -> tuple[str, str | None]:
    try:
        with db.engine.connect() as connection:
            if not db.inspect(connection).has_table("alembic_version"):
                return OK, None
            return OK, connection.scalar(text("SELECT version_num FROM alembic_version"))
    except SQLAlchemyError:
        return AWAY, None


def _check_redis() -> str:
    try:
        redis.ping()
    except RedisError:
        return AWAY
    return OK


@cache
def outdated_revisions(migrations_dir: str) -> frozenset[str]:
    """Return the revisions that this release knows as older than its own.

    One that it does not know is of a release to come, which is made to work with this one: it counts as good enough.
    """
    config = Config()
    config.set_main_option("script_location", migrations_dir)
    scripts = ScriptDirectory.from_config(config)
    return frozenset(script.revision for script in scripts.walk_revisions()) - frozenset(scripts.get_heads())


def metrics_text() -> bytes:
    """Return the metrics of this host; what the database cannot tell now is left out."""
    try:
        return exposition(settings.data_dir, _jobs())
    except SQLAlchemyError:
        return exposition(settings.data_dir, {})


def _jobs() -> dict[str, float]:
    waiting, dead = (rows(query)[0][0] for query in (WAITING, DEAD))
    earliest: datetime | None = rows(EARLIEST)[0][0]
    late = max(0.0, (now() - earliest).total_seconds()) if earliest else 0.0
    return {"solo_jobs_waiting": waiting, "solo_jobs_dead": dead, "solo_jobs_late_seconds": late}
