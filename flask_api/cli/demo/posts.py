"""The posts: who writes, about what, in which words; one after another in the order of time."""

from array import array
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from flask_api.cli.demo.moments import PostTimes, SignUps, to_moment
from flask_api.cli.demo.stories import CATEGORIES
from flask_api.cli.demo.stories_en import ENGLISH
from flask_api.cli.demo.stories_zh import CHINESE

SKEW = 3  # of chance: the most active tenth of the authors writes nearly half of all, half of them next to nothing
FLATTENING = 2  # ranks; without it the first author would write several times as much as the second
TRUE_TO_FAVOURITE = 0.6
WEIGHTS = (12, 14, 18, 9, 7, 7, 7, 8, 10, 7, 5, 5, 5, 9)  # of CATEGORIES
EDITED = 0.05
STORIES = tuple((CHINESE.stories[name], ENGLISH.stories[name]) for name in CATEGORIES)


class Authors:
    """Those who may write: id and language, nine bytes for each."""

    def __init__(self) -> None:
        self._ids = array("q")
        self._chinese = bytearray()

    def __len__(self) -> int:
        return len(self._ids)

    def add(self, user_id: int, *, chinese: bool) -> None:
        self._ids.append(user_id)
        self._chinese.append(chinese)

    def __getitem__(self, position: int) -> tuple[int, bool]:
        return self._ids[position], bool(self._chinese[position])


class Writers:
    """Chooses authors by a power law."""

    def __init__(self, rng: Random, count: int) -> None:
        self._rng = rng
        self._count = count
        self._least = (FLATTENING / (count + FLATTENING)) ** (1 / SKEW)
        # Ranks are dealt out by steps that meet everybody once, so that the busiest are not the oldest.
        self._step = next(step for step in range(int(count * 0.618) + 1, 2 * count + 2) if _coprime(step, count))

    def choose(self, present: int) -> int:
        """Return the position of one of the first ``present`` authors."""
        for _ in range(8):
            share = (self._least + (1 - self._least) * self._rng.random()) ** SKEW
            rank = int(max((self._count + FLATTENING) * share - FLATTENING, 0))
            position = (rank * self._step + self._count // 3) % self._count
            if position < present:
                return position
        return self._rng.randrange(present)


def _coprime(first: int, second: int) -> bool:
    while second:
        first, second = second, first % second
    return first == 1


def write_posts(
    rng: Random,
    authors: Authors,
    category_ids: Sequence[int],
    sign_ups: SignUps,
    times: PostTimes,
    count: int,
    now: float,
) -> Iterator[dict[str, Any]]:
    """Yield the rows of so many posts, oldest first. ``category_ids`` are in the order of ``CATEGORIES``."""
    writers = Writers(rng, len(authors))
    kinds = range(len(CATEGORIES))
    latest = to_moment(now)
    for position in range(count):
        time = times.at(position, rng.random())
        author = writers.choose(min(sign_ups.count_before(time), len(authors)))
        user_id, chinese = authors[author]
        favourite = author * 2654435761 % 2**32 * len(kinds) >> 32
        kind = favourite if rng.random() < TRUE_TO_FAVOURITE else rng.choices(kinds, WEIGHTS)[0]
        title, body = _write(rng, kind, chinese=chinese)
        moment = min(to_moment(time), latest)
        changed = moment + (latest - moment) * rng.random() ** 4 if rng.random() < EDITED else moment
        yield {
            "title": title,
            "body": body,
            "category_id": category_ids[kind],
            "author_id": user_id,
            "created_at": moment,
            "updated_at": changed,
        }


def _write(rng: Random, kind: int, *, chinese: bool) -> tuple[str, str]:
    """Return title and body of a post."""
    language, story = (CHINESE, STORIES[kind][0]) if chinese else (ENGLISH, STORIES[kind][1])
    slots = {
        "thing": rng.choice(story.things),
        "city": rng.choice(language.cities),
        "day": rng.choice(language.days),
        "time": rng.choice(language.times),
        "n": int(2 + 8 * rng.random()),
    }
    texts = rng.sample(story.lines, 1 + int(4 * rng.random() ** 1.3))
    if rng.random() < 0.35:
        texts.insert(0, rng.choice(language.openers))
    breaks = len(texts) if rng.random() < 0.6 else 1 + int(rng.random() * len(texts))
    if rng.random() < 0.4:
        texts.append(rng.choice(language.closers))
    lines = [_capital(text.format_map(slots)) for text in texts]
    paragraphs = [language.between.join(part) for part in (lines[:breaks], lines[breaks:]) if part]
    return _capital(rng.choice(story.titles).format_map(slots)), "\n\n".join(paragraphs)


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]
