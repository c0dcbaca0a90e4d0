"""Google's public keys (a JWK set, RFC 7517), kept in the process.

They are fetched again when the answer's Cache-Control says so, or when a token names a key that is not there: at most
once a minute, one thread at a time, whatever arrives. Keys that Google does not list any more are not used any more.
While Google is away those that were there go on being used, for a day.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

import jwt
from werkzeug.datastructures import ResponseCacheControl
from werkzeug.http import parse_cache_control_header

from flask_api.providers.outside import OutsideError, fetch
from flask_api.providers.outside_calls import waiting

log = logging.getLogger(__name__)

MAX_ANSWER = 64 * 1024  # bytes; Google's has two
MIN_BITS = 2048
# Seconds.
SHORTEST, LONGEST, USUAL = 60, 86400, 3600  # for which keys count as fresh; the usual where Google does not say
USED_AFTER = 86400  # how old keys may grow while Google is away
PAUSE = 60  # between two fetches
PAUSE_WITHOUT_KEYS = 5
# From a fetch's beginning: that the requests of others wait for it, and that only some of them do.
AT_FIRST, PATIENCE = 0.5, 1


class KeysAway(Exception):
    """Google's keys are not known and cannot be fetched."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """What Google answered, and when; by the process's clock."""

    keys: dict[str, jwt.PyJWK]
    fetched_at: float
    fresh_until: float


class GoogleKeys:
    """Finds the key that a token names.

    Args:
        url: where the keys are.
        timeout: seconds for fetching them.
        clock: tells seconds; never goes back.
    """

    def __init__(self, url: str, timeout: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._url, self._timeout, self._clock = url, timeout, clock
        self._held: KeySet | None = None
        self._failed = False  # the last fetch
        self._next_fetch = float("-inf")
        self._fetching = Lock()
        self._fetching_since: float | None = None

    def find(self, kid: str) -> jwt.PyJWK | None:
        """Return the key of this id; None if Google has none.

        Raises:
            KeysAway: Google does not answer, and may have it; or too many requests wait for services outside.
        """
        held = self._held
        known = held is not None and kid in held.keys
        if held is None or not known or self._clock() >= held.fresh_until:
            # With a key at hand nobody waits for what another thread is fetching.
            try:
                self._fetch_again(held, waits=not known)
            except OutsideError:  # busy, which tells nothing of Google
                if not known:
                    raise KeysAway from None
            held = self._held
        if held is None or self._clock() >= held.fetched_at + USED_AFTER:
            raise KeysAway
        found = held.keys.get(kid)
        if found is None and self._failed:
            raise KeysAway
        return found

    def _fetch_again(self, seen: KeySet | None, *, waits: bool) -> None:
        """Fetch, unless another thread has, or the last time is too recent.

        Raises:
            OutsideError: busy.
        """
        if not self._may_fetch(waits):
            return
        try:
            if self._held is seen and self._clock() >= self._next_fetch:
                self._fetching_since = self._clock()
                self._try_fetch()
        finally:
            self._fetching_since = None
            self._fetching.release()

    def _may_fetch(self, waits: bool) -> bool:
        """Take the lock. Each who waits for it holds a thread: so all do for a moment only, which is enough for a
        Google that is well, and who comes later waits less.

        Raises:
            OutsideError: busy.
        """
        if not waits:
            return self._fetching.acquire(blocking=False)
        since = self._fetching_since or self._clock()
        if self._fetching.acquire(timeout=max(0, since + AT_FIRST - self._clock())):
            return True
        with waiting("google"):
            return self._fetching.acquire(timeout=max(0, since + PATIENCE - self._clock()))

    def _try_fetch(self) -> None:
        had_failed, self._failed = self._failed, True
        try:
            self._held = self._fetch()
            self._failed = False
        except (OutsideError, jwt.PyJWTError, ValueError, TypeError, AttributeError, RecursionError) as error:
            reason = getattr(error, "reason", "garbage")
            if reason == "busy":
                self._failed = had_failed
                raise
            log.warning("Google's keys could not be fetched: %s", reason)
        self._next_fetch = self._clock() + (PAUSE if self._held else PAUSE_WITHOUT_KEYS)

    def _fetch(self) -> KeySet:
        answer = fetch("google", "GET", self._url, timeout=self._timeout, max_bytes=MAX_ANSWER)
        if answer.status != 200:
            raise ValueError("no keys")
        listed = jwt.PyJWKSet.from_json(answer.body.decode()).keys
        keys = {key.key_id: key for key in listed if isinstance(key.key_id, str) and _signs(key)}
        if not keys:
            raise ValueError("no keys")
        present = self._clock()
        return KeySet(keys, present, present + _freshness(answer.headers.get("Cache-Control")))


def _signs(key: jwt.PyJWK) -> bool:
    """Whether it is a key that ID tokens are signed with."""
    is_rsa = key.key_type == "RSA" and key.algorithm_name == "RS256" and key.public_key_use in (None, "sig")
    return is_rsa and int(key.key.key_size) >= MIN_BITS


def _freshness(header: str | None) -> float:
    told = parse_cache_control_header(header, cls=ResponseCacheControl).max_age
    return min(max(SHORTEST, USUAL if told is None else told), LONGEST)
