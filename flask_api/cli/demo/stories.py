"""What posts are put together from; the texts themselves are in stories_zh.py and stories_en.py.

A text may name slots: ``{thing}`` of its category, ``{city}``, ``{day}``, ``{time}`` and ``{n}``, a small number.
"""

from typing import NamedTuple


class Story(NamedTuple):
    """One category in one language."""

    things: tuple[str, ...]
    titles: tuple[str, ...]
    lines: tuple[str, ...]


class Language(NamedTuple):
    """Everything that posts need in one language; ``stories`` by the category's name."""

    stories: dict[str, Story]
    openers: tuple[str, ...]
    closers: tuple[str, ...]
    cities: tuple[str, ...]
    days: tuple[str, ...]
    times: tuple[str, ...]
    between: str  # two sentences of a paragraph


CATEGORIES = (  # "Everyday" is there from the start: a migration makes it
    "Travel",
    "Food",
    "Everyday",
    "Photography",
    "Reading",
    "Films",
    "Music",
    "Sport",
    "Pets",
    "Work",
    "City walks",
    "Plants",
    "Tech",
    "Feelings",
)
