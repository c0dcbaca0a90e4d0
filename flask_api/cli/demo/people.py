"""One person after another: who they are, what they look like, and their photos.

A person is a function of the seed and an index, so the same seed makes the same people, in whatever portions.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from flask_api.albums.services import MAX_PHOTOS
from flask_api.cli.demo import pictures
from flask_api.cli.demo.bios import CAPTIONS, write_bio
from flask_api.cli.demo.moments import to_moment
from flask_api.cli.demo.names import Names
from flask_api.users.models import EDUCATIONS, SALARIES
from flask_api.users.services import ADULT

OLDEST = 65
CHINESE_SPEAKERS = 0.75
BANNED = 0.01
BUSY_ALBUMS = 0.5  # the share of people who have photos at all, unless there are many to place

HEIGHTS = {"male": (173.5, 6.3), "female": (161.5, 5.8), "other": (167.5, 7.5)}  # cm: mean, deviation
ORIENTATIONS = (("heterosexual", "secret", "homosexual", "bisexual"), (0.80, 0.90, 0.95, 1.0))
VISIBILITIES = (("everyone", "liked", "nobody"), (0.94, 0.975, 1.0))
EDUCATION_SHARES = (0.01, 0.07, 0.24, 0.49, 0.88, 1.0)  # of EDUCATIONS, added up


@dataclass(frozen=True, slots=True)
class Person:
    """Rows for the tables, without the user's id, which the database gives."""

    auth: dict[str, Any]
    info: dict[str, Any]
    photos: list[dict[str, Any]]
    chinese: bool


def _pick(rng: Random, words: tuple[str, ...], ends: tuple[float, ...]) -> str:
    """Return a word by chance; ``ends`` are the words' shares, added up."""
    luck = rng.random()
    return next(word for word, end in zip(words, ends, strict=True) if luck <= end)


class People:
    """The people of one seed, as of one moment."""

    def __init__(self, seed: int, now: datetime, photos_per_user: float) -> None:
        self._seed = seed
        self._names = Names(seed)
        self._rng = Random()  # noqa: S311 - no secret
        self._now = now
        eighteen, too_old = (_years_before(now.date(), years) for years in (ADULT, OLDEST + 1))
        self._youngest = eighteen
        self._spread = (eighteen - too_old).days - 1  # birthdays lie so many days before the youngest's, or fewer
        with_photos = max(BUSY_ALBUMS, photos_per_user / 10)
        self._album_share = with_photos
        self._one_more = 1 - with_photos / photos_per_user if photos_per_user > with_photos else 0.0
        if photos_per_user < with_photos:
            self._album_share = photos_per_user

    def person(self, index: int, phone: str, signed_up: datetime) -> Person:
        """Return the person of this index, who has this phone and signed up at this moment."""
        rng = self._rng
        rng.seed(f"{self._seed}:{index}")
        chinese = rng.random() < CHINESE_SPEAKERS
        luck = rng.random()
        gender = "male" if luck < 0.49 else "female" if luck < 0.96 else "other" if luck < 0.985 else None
        days_alive = (self._now - signed_up).total_seconds() / 86400
        seen = self._now - timedelta(days=min(days_alive * rng.random(), rng.expovariate(1 / 20)))
        auth = {
            "phone": phone,
            "password_hash": None,
            "role": "user",
            "status": "banned" if rng.random() < BANNED else "active",
            "token_generation": 0,
            "created_at": signed_up,
            "last_login_at": seen,
            "delete_after": None,
        }
        info = self._profile(rng, gender, chinese=chinese) | {
            "updated_at": signed_up + (seen - signed_up) * rng.random()
        }
        photos = self._photos(rng, signed_up, chinese=chinese)
        if photos and info["avatar"]:
            photos[0] |= {"url": info["avatar"], "caption": "", "is_avatar": True}
        info |= self._wishes(rng, info) | {"is_active": auth["status"] == "active", "active_at": seen}
        return Person(auth, info, photos, chinese)

    def _wishes(self, rng: Random, info: dict[str, Any]) -> dict[str, Any]:
        """Return whom somebody looks for: most say so, of about their own age."""
        told, luck, younger, older = (rng.random() for _ in range(4))
        if told < 0.25 or info["birthday"] is None:
            return {"seeks_gender": None, "seeks_age_min": None, "seeks_age_max": None}
        other = {"male": "female", "female": "male"}.get(info["gender"])
        same = info["orientation"] == "homosexual" or (info["orientation"] == "bisexual" and luck < 0.5)
        age = ADULT + (self._youngest - info["birthday"]).days // 365
        ages = {"seeks_age_min": max(ADULT, age - 2 - int(10 * younger)), "seeks_age_max": age + 2 + int(10 * older)}
        return {"seeks_gender": info["gender"] if same else other, **ages}

    def _profile(self, rng: Random, gender: str | None, *, chinese: bool) -> dict[str, Any]:
        days = int(rng.betavariate(1.5, 3.9) * self._spread)  # most are in their twenties and thirties
        age = ADULT + days // 365
        education = _pick(rng, EDUCATIONS, EDUCATION_SHARES)
        if age < 22 and education in ("bachelor", "postgraduate"):
            education = "college"
        mean, deviation = HEIGHTS[gender or "other"]
        told = [rng.random() for _ in range(6)]  # not everybody tells everything
        return {
            "nickname": self._names.nickname(rng, gender, chinese=chinese),
            "gender": gender,
            "birthday": self._youngest - timedelta(days=days) if told[0] < 0.95 else None,
            "avatar": _avatar(rng, gender),
            "emotional_state": _emotional_state(rng, age) if told[1] < 0.9 else None,
            "height_cm": round(min(max(rng.gauss(mean, deviation), 145), 205)) if told[2] < 0.85 else None,
            "orientation": _pick(rng, *ORIENTATIONS) if told[3] < 0.85 else None,
            "education": education if told[4] < 0.85 else None,
            "salary": _salary(rng, age, education) if told[5] < 0.7 else None,
            "visibility": _pick(rng, *VISIBILITIES),
            "bio": write_bio(rng, chinese=chinese),
        }

    def _photos(self, rng: Random, signed_up: datetime, *, chinese: bool) -> list[dict[str, Any]]:
        if rng.random() >= self._album_share:
            return []
        count = 1
        while count < MAX_PHOTOS and rng.random() < self._one_more:
            count += 1
        step = (self._now - signed_up) / (count + 1)
        photos = []
        for position in range(1, count + 1):
            portrait = rng.random() < 0.08
            motif, url = ("portrait", rng.choice(pictures.FACES["other"])) if portrait else rng.choice(pictures.VIEWS)
            caption = rng.choice(CAPTIONS[motif][0 if chinese else 1]) if rng.random() < 0.75 else ""
            taken = signed_up + step * (position - rng.random())
            photo = {"position": position, "caption": caption, "url": url, "created_at": taken}
            photos.append(photo | {"state": "approved", "is_avatar": False})
        return photos


def demo_admin(phone: str, time: float) -> Person:
    """Return the demo's admin, who was there before everybody else, at this activity time."""
    moment = to_moment(time)
    auth: dict[str, Any] = {
        "phone": phone,
        "password_hash": None,
        "role": "admin",
        "status": "active",
        "token_generation": 0,
    }
    auth |= {"created_at": moment, "last_login_at": None, "delete_after": None}
    facts = ("gender", "birthday", "emotional_state", "height_cm", "orientation", "education", "salary")
    info = dict.fromkeys(facts) | {"nickname": "Demo Admin", "avatar": pictures.address(11), "visibility": "everyone"}
    info |= dict.fromkeys(("seeks_gender", "seeks_age_min", "seeks_age_max")) | {"is_active": True, "active_at": moment}
    return Person(auth, info | {"bio": "I keep this place tidy.", "updated_at": moment}, [], chinese=False)


def _years_before(day: date, years: int) -> date:
    """Return the same day of an earlier year; the 28th for a 29 February that was not."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)


def _avatar(rng: Random, gender: str | None) -> str | None:
    luck = rng.random()
    if luck < 0.15:
        return None
    return rng.choice(pictures.FACES[gender or "other"]) if luck < 0.85 else rng.choice(pictures.VIEWS)[1]


def _emotional_state(rng: Random, age: int) -> str:
    married = min(max((age - 22) * 0.045, 0.01), 0.62)
    divorced = min(max((age - 27) * 0.008, 0.0), 0.16)
    luck = rng.random() / 0.92  # the rest keep it to themselves
    if luck > 1:
        return "secret"
    return "married" if luck < married else "divorced" if luck < married + divorced else "single"


def _salary(rng: Random, age: int, education: str) -> str:
    """Return a step of the salaries: schooling and years lift it, chance moves it."""
    years = min(age - ADULT, 25)
    step = rng.gauss(0.35 + 0.5 * EDUCATIONS.index(education) + 0.045 * years, 1.05)
    return SALARIES[min(max(int(step), 0), len(SALARIES) - 1)]
