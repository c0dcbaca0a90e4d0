"""FastAPI with SQLAlchemy, the way its tutorial does it: sync endpoints, a session per request, response models."""

import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any

import redis
from fastapi import Depends, FastAPI, HTTPException, Query, Security
from fastapi.security import APIKeyHeader
from pydantic import AfterValidator, AliasPath, BaseModel, ConfigDict, Field
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from bench.peers.models import User, newest_posts, page_of
from bench.peers.tokens import user_id_of

THREADS = 40  # FastAPI's thread pool; a pooled connection for each

engine = create_engine(
    f"sqlite:///{os.environ['BENCH_DATABASE']}", connect_args={"check_same_thread": False}, pool_size=THREADS
)
new_session = sessionmaker(engine)
redis_client = redis.Redis.from_url(os.environ["BENCH_REDIS_URL"])
app = FastAPI()

# The database's times are UTC without saying so; pydantic writes aware ones with Z.
UtcTime = Annotated[datetime, AfterValidator(lambda time: time.replace(tzinfo=UTC))]


class FromRow(BaseModel):
    """A shape that is read from an ORM object."""

    model_config = ConfigDict(from_attributes=True)


def of_profile(name: str) -> Any:
    """Read this field from the user's profile."""
    return Field(validation_alias=AliasPath("profile", name))


class Me(FromRow):
    """The caller's own profile."""

    id: int
    phone: str
    role: str
    nickname: str | None = of_profile("nickname")
    gender: str | None = of_profile("gender")
    birthday: date | None = of_profile("birthday")
    avatar: str | None = of_profile("avatar")
    emotional_state: str | None = of_profile("emotional_state")
    height_cm: int | None = of_profile("height_cm")
    orientation: str | None = of_profile("orientation")
    education: str | None = of_profile("education")
    salary: str | None = of_profile("salary")
    visibility: str = of_profile("visibility")
    bio: str | None = of_profile("bio")
    has_password: bool
    created_at: UtcTime


class CategoryCard(FromRow):
    """A post's category."""

    id: int
    name: str


class AuthorCard(FromRow):
    """A post's author."""

    id: int = Field(validation_alias="user_id")
    nickname: str | None
    avatar: str | None


class PostOut(FromRow):
    """A post as lists show it."""

    id: int
    title: str
    body: str
    category: CategoryCard
    author: AuthorCard
    created_at: UtcTime
    updated_at: UtcTime


class Page(BaseModel):
    """A page of posts."""

    items: list[PostOut]
    next_cursor: str | None


class Success(BaseModel):
    """What stands around every answer."""

    code: int = 200
    status: str = "SUCCESS"
    message: str = "Success"


class MeAnswer(Success):
    """The answer with my profile."""

    data: Me


class PostsAnswer(Success):
    """The answer with posts."""

    data: Page


def get_session() -> Iterator[Session]:
    """Open a session for this request."""
    with new_session() as session:
        yield session


SessionDep = Annotated[Session, Depends(get_session)]
Token = Annotated[str | None, Security(APIKeyHeader(name="token", auto_error=False))]


def get_current_user(session: SessionDep, token: Token) -> User:
    """Return the user whose token this is."""
    user_id = user_id_of(redis_client, token)
    user = session.get(User, user_id) if user_id is not None else None
    if user is None:
        raise HTTPException(401, "Log in first")
    return user


CurrentUser = Annotated[User, Depends(get_current_user)]


@app.get("/api/v1/users/me", response_model=MeAnswer)
def show_me(user: CurrentUser) -> Any:
    """Show my profile."""
    return {"data": user}


@app.get("/api/v1/blog/posts", response_model=PostsAnswer)
def list_posts(session: SessionDep, limit: Annotated[int, Query(ge=1, le=100)] = 20, cursor: str | None = None) -> Any:
    """List the newest posts."""
    posts = list(session.scalars(newest_posts(limit=limit, cursor=cursor)))
    return {"data": page_of(posts, limit=limit)}
