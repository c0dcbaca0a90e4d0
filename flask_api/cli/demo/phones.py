"""Phone numbers for people who do not exist: Chinese mobile numbers in E.164, all different, decided by the seed.

The numbers may belong to somebody in the real world: nothing is ever sent to them here.
"""

from random import Random

PREFIXES = (
    "130", "131", "132", "133", "135", "136", "137", "138", "139", "150", "151", "152", "155", "156", "157", "158",
    "159", "166", "176", "177", "178", "180", "181", "182", "183", "185", "186", "187", "188", "189", "195", "198",
)  # fmt: skip
ADMIN_PREFIX = "199"  # none of the others, so that an admin's number is never somebody else's
TAIL = 10**8  # eight digits follow the prefix
NUMBERS = len(PREFIXES) * TAIL


class Phones:
    """The numbers of one seed, by index from 0; they come round again after ``NUMBERS``."""

    def __init__(self, seed: int) -> None:
        rng = Random(f"phones {seed}")  # noqa: S311 - no secret
        # Steps of a size that shares no factor with NUMBERS = 2**13 * 5**8 meet every number before the first again.
        self._step = rng.randrange(NUMBERS // 3, NUMBERS // 2) // 10 * 10 + 7
        self._start = rng.randrange(NUMBERS)

    def __getitem__(self, index: int) -> str:
        number = (self._start + index * self._step) % NUMBERS
        # The tail runs over every number that a prefix has; a prefix is spread evenly by the same steps.
        return f"+86{PREFIXES[number % len(PREFIXES)]}{number // len(PREFIXES):08d}"


def admin_phone(seed: int) -> str:
    """Return the demo admin's number for a seed."""
    return f"+86{ADMIN_PREFIX}{seed % TAIL:08d}"
