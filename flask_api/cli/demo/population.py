"""The whole run: people first, with photos, places and labels; then who likes and looks at whom; then posts.

Likes, visits and posts go from the oldest to the newest.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import count, islice
from random import Random

from sqlalchemy.exc import IntegrityError

from flask_api.cli.demo import storing, ties
from flask_api.cli.demo.moments import PostTimes, SignUps, to_activity, to_moment
from flask_api.cli.demo.people import People, Person, demo_admin
from flask_api.cli.demo.phones import Phones
from flask_api.cli.demo.posts import Authors, write_posts
from flask_api.cli.demo.stories import CATEGORIES
from flask_api.cli.demo.ties import Tie, Ties

USERS_AT_ONCE = 2000
POSTS_AT_ONCE = 4000
TIES_AT_ONCE = 8000
TRIES = 3


@dataclass(frozen=True, slots=True)
class Plan:
    """What is wanted."""

    users: int
    posts: int
    photos_per_user: float
    seed: int
    admin_phone: str | None  # E.164; None: no admin
    now: datetime  # aware UTC


@dataclass(slots=True)
class Made:
    """What has been stored; kept up to date with each batch."""

    users: int = 0
    posts: int = 0
    photos: int = 0
    places: int = 0
    labels: int = 0
    likes: int = 0
    matches: int = 0
    visits: int = 0
    phone: str | None = None  # of somebody who can log in and whose profile is open
    admin: bool = False  # made, not found
    first_post: datetime | None = None
    last_post: datetime | None = None

    @property
    def ties(self) -> int:
        return self.places + self.labels + self.likes + 2 * self.matches + self.visits


class AdminPhoneTaken(Exception):
    """The phone of the demo's admin belongs to somebody who is none."""


class Population:
    """One run. ``report`` is called after each batch that is stored; what it raises ends the run."""

    def __init__(self, plan: Plan, made: Made, report: Callable[[Made], None]) -> None:
        self._plan, self._made, self._report = plan, made, report
        self._now = to_activity(plan.now)
        self._sign_ups = SignUps(plan.users, self._now)
        self._people = People(plan.seed, plan.now, plan.photos_per_user)
        self._phones = Phones(plan.seed)
        self._authors = Authors()

    def make(self) -> None:
        """Make everything.

        Raises:
            AdminPhoneTaken: nothing is made.
            Conflict: there are too many categories already; only the admin is made.
        """
        self._make_admin()
        categories = storing.category_ids(CATEGORIES)
        index = 0
        while self._made.users < self._plan.users:
            index = self._make_users(index)
        self._make_ties()
        if self._plan.posts:
            self._make_posts(categories)

    def _make_admin(self) -> None:
        phone = self._plan.admin_phone
        if phone is None:
            return
        known = storing.users_by_phone([phone]).get(phone)
        if known is None:
            storing.store_people([demo_admin(phone, self._sign_ups.start)])
            self._made.admin = True
        elif known.role != "admin":
            raise AdminPhoneTaken

    def _make_users(self, index: int) -> int:
        """Make a batch of the people who come from ``index`` on; return the index after them."""
        for attempt in range(1, TRIES + 1):
            found = self._free_phones(index)
            people = list(self._meet(found))
            try:
                ids = storing.store_people(people)
                break
            except IntegrityError:  # somebody signed up with one of these phones just now
                if attempt == TRIES:
                    raise
        for user_id, person in zip(ids, people, strict=True):
            self._authors.add(user_id, chinese=person.chinese)
            if self._made.phone is None and person.auth["status"] == "active" and person.info["avatar"]:
                self._made.phone = person.auth["phone"]
        self._place(ids, people)
        self._made.users += len(people)
        self._made.photos += sum(len(person.photos) for person in people)
        self._report(self._made)
        return found[-1][0] + 1

    def _place(self, ids: list[int], people: list[Person]) -> None:
        labels, rng = storing.labels_by_gender(), Random(f"places {self._plan.seed} {self._made.users}")  # noqa: S311
        places = [
            ties.place(rng, user_id, person.info["active_at"]) for user_id, person in zip(ids, people, strict=True)
        ]
        known = [place for place in places if place is not None]
        picked = [
            label
            for user_id, person in zip(ids, people, strict=True)
            for label in ties.pick_labels(rng, user_id, labels[person.info["gender"]])
        ]
        storing.store_places(known, picked)
        self._made.places += len(known)
        self._made.labels += len(picked)

    def _make_ties(self) -> None:
        """Make likes and visits among the people of this run; nothing is older than what was there before."""
        newest = storing.newest_tie()
        begin = self._now - ties.DAYS if newest is None else max(self._now - ties.DAYS, to_activity(newest))
        made = Ties(self._plan.seed, self._plan.users, self._sign_ups, begin=min(begin, self._now), end=self._now)
        likes, visits = made.likes(), made.visits()
        while likes_now := list(islice(likes, TIES_AT_ONCE)):
            storing.store_likes(self._named(likes_now))
            mutual = sum(like.is_mutual for like in likes_now)
            self._made.likes += len(likes_now) + mutual
            self._made.matches += mutual
            self._report(self._made)
        while visits_now := list(islice(visits, TIES_AT_ONCE)):
            storing.store_visits(self._named(visits_now))
            self._made.visits += len(visits_now)
            self._report(self._made)

    def _named(self, found: list[Tie]) -> list[Tie]:
        """Return the ties with the ids of people in place of their positions."""
        return [replace(tie, who=self._authors[tie.who][0], whom=self._authors[tie.whom][0]) for tie in found]

    def _free_phones(self, index: int) -> list[tuple[int, str]]:
        """Return the next indices whose phones nobody has, with the phones: a batch, or what is left of the plan."""
        wanted = min(USERS_AT_ONCE, self._plan.users - self._made.users)
        candidates = ((number, self._phones[number]) for number in count(index))
        free: list[tuple[int, str]] = []
        while len(free) < wanted:
            some = list(islice(candidates, wanted - len(free)))
            taken = storing.users_by_phone([phone for _, phone in some])
            free += [(number, phone) for number, phone in some if phone not in taken]
        return free

    def _meet(self, found: list[tuple[int, str]]) -> Iterator[Person]:
        for place, (index, phone) in enumerate(found, start=self._made.users):
            luck = index * 0.618 % 1  # scattered, and the same for the same person
            yield self._people.person(index, phone, to_moment(self._sign_ups.at(place, luck)))

    def _make_posts(self, categories: list[int]) -> None:
        newest = storing.newest_post()
        # Lists go by id, so no post may be older than one with a lower id.
        times = PostTimes(self._plan.posts, self._now, to_activity(newest or datetime.fromtimestamp(0, UTC)))
        rng = Random(f"posts {self._plan.seed}")  # noqa: S311 - no secret
        posts = write_posts(rng, self._authors, categories, self._sign_ups, times, self._plan.posts, self._now)
        while batch := list(islice(posts, POSTS_AT_ONCE)):
            storing.store_posts(batch)
            self._made.posts += len(batch)
            self._made.first_post = self._made.first_post or batch[0]["created_at"]
            self._made.last_post = batch[-1]["created_at"]
            self._report(self._made)
