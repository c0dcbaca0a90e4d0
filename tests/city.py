"""A city: rows of many people, and of what they have to do with somebody, for tests of what a list costs."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask_api.albums.models import UserAlbum
from flask_api.app_keys.models import AppKey
from flask_api.audit.models import AuditEntry
from flask_api.blocks.models import Report
from flask_api.blog.models import BlogCategory, BlogPost
from flask_api.people.models import UserBlock, UserLike, UserMatch
from flask_api.uploads.models import Upload
from flask_api.users.models import UserAuth, UserInfo
from flask_api.visitors.models import Visitor

PEOPLE = 3000  # and as many posts, app keys, entries of the audit, likes, reports …
BLOCKED = 1400  # more people, whom the caller has blocked

NOW = datetime.now(UTC)
# Of each filter of a list the value that most rows have, or one that few have.
MOST: dict[str, object] = {
    "role": "user",
    "status": "active",
    "category_id": 3,
    "author_id": 10,
    "action": "login",
    "actor_id": 10,
    "user_id": 10,
    "app_key_id": 10,
    "since": (NOW - timedelta(hours=1)).isoformat(),
    "until": (NOW + timedelta(hours=1)).isoformat(),
}
FEW: dict[str, object] = {
    "phone": "+8613900000010",
    "role": "admin",
    "status": "banned",
    "category_id": 4,
    "author_id": 11,
    "action": "user_banned",
    "actor_id": 11,
    "user_id": 11,
    "app_key_id": 11,
    "since": (NOW + timedelta(microseconds=PEOPLE - 50)).isoformat(),
    "until": (NOW + timedelta(microseconds=50)).isoformat(),
}
# Where a filter has other values than another list's of that name: what most have, and few.
AT = {("/admin/reports", "state"): ("open", "upheld"), ("/admin/photos", "state"): ("pending", "refused")}


def seldom(number: int, name: str) -> Any:
    """One of fifty times the value that few have, or else the one that most have."""
    return MOST[name] if number % 50 else FEW[name]


def user(n: int) -> dict[str, Any]:
    return {"id": n, "phone": f"+861390000{n:04d}", "role": seldom(n, "role"), "status": seldom(n + 1, "status")}


def post(n: int) -> dict[str, Any]:
    """A post; no category is empty, or MariaDB would not fall for reading the few categories first."""
    category = MOST["category_id"] if n % 10 else 1 + n // 10 % 5
    written = {"created_at": NOW + timedelta(microseconds=n), "title": "t", "body": "b"}
    return {"author_id": seldom(n, "author_id"), "category_id": category, **written}


def entry(n: int) -> dict[str, Any]:
    """An entry of the audit; half of them are about a user, half about an app key."""
    name = "user" if n % 2 else "app_key"
    about = {"subject_kind": name, "subject_id": seldom(n // 2, f"{name}_id")}
    origin = {"address": "203.0.113.7", "request_id": "r", "details": {}}
    done = {"action": seldom(n, "action"), "actor_id": seldom(n + 1, "actor_id")}
    return {"at": NOW + timedelta(microseconds=n), **done, **about, **origin}


def upload(n: int, owner_id: int | None) -> dict[str, Any]:
    """A file that is ready; the caller's own, since nobody sees another's."""
    sent = {"kind": "photo", "content_type": "image/jpeg", "size": 1, "incoming_key": f"incoming/{n}"}
    made = {"state": "ready", "key": f"public/1/{n}.jpg", "thumbnail_key": f"public/2/{n}.jpg"}
    return {"id": n, "user_id": owner_id, "created_at": NOW, "expires_at": NOW, **sent, **made}


def report(n: int) -> dict[str, Any]:
    """A report; one in fifty is resolved."""
    state = AT["/admin/reports", "state"][n % 50 == 0]
    about = {"reporter_id": n, "user_id": n, "kind": "profile", "subject_id": n, "reason": "spam"}
    return {**about, "state": state, "is_open": state == "open" or None}


def photo(n: int) -> dict[str, Any]:
    state = AT["/admin/photos", "state"][n % 50 == 0]
    return {"user_id": n, "position": 1, "caption": "", "url": f"/media/{n}.jpg", "state": state}


def acquaintances(me: int, numbers: range, strangers: range) -> dict[Any, list[dict[str, Any]]]:
    """Rows by which all have to do with the caller, who has blocked the strangers."""
    return {
        UserLike: [{"liker_id": one, "liked_id": other} for n in numbers for one, other in ((me, n), (n, me))],
        UserMatch: [{"user_id": me, "other_id": n} for n in numbers],
        UserBlock: [{"blocker_id": me, "blocked_id": n} for n in strangers],
        Visitor: [{"host_id": me, "visitor_id": n, "day": NOW.date()} for n in numbers],
        Report: [report(n) for n in numbers],
    }


def rows_of_a_city(me: int) -> dict[Any, list[dict[str, Any]]]:
    """Rows by table; what can be somebody's own is the caller's."""
    numbers = range(10, 10 + PEOPLE)
    strangers = range(numbers.stop, numbers.stop + BLOCKED)
    everybody = [user(n) for n in (*numbers, *strangers)]
    return {
        BlogCategory: [{"id": n, "name": f"Category {n}"} for n in range(1, 6)],
        UserAuth: everybody,
        UserInfo: [
            {"user_id": one["id"], "nickname": "Lin", "is_active": one["status"] == "active"} for one in everybody
        ],
        UserAlbum: [photo(n) for n in numbers],
        BlogPost: [post(n) for n in numbers],
        AppKey: [{"appkey": f"{n:016x}", "name": f"App {n}", "secret": "s"} for n in numbers],
        Upload: [upload(n, me) for n in numbers],
        AuditEntry: [entry(n) for n in range(PEOPLE)],
        **acquaintances(me, numbers, strangers),
    }
