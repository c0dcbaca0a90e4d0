"""Rate limits: whom they count for, what they answer, and what happens without Redis."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from flask_api.accounts import attempts, mail_codes, sms_codes
from flask_api.blocks import reports
from flask_api.blocks import services as blocks
from flask_api.core import rate_limits
from flask_api.core.rate_limits import bucket
from flask_api.emails import exports
from flask_api.likes import services as likes
from flask_api.nearby import places
from flask_api.providers.sms import SMSError
from flask_api.setting_kinds import Quota
from flask_api.settings import Settings
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory, at_once
from tests.services.redis_server import RedisServer

REACHED = (429, "LIMIT_REACHED")
FIVE = Quota(5, 60)
LIMITS = {
    "limit_per_address": None,
    "limit_per_user": None,
    "limit_logins_per_address": None,
    "limit_sms_per_address": None,
    "limit_sms_per_device": None,
    "limit_sms_in_all": None,
}


class Site:
    """Apps of one site, with the limits that a test is about and no others."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self._apps = settings, list[Flask]()

    def app(self, **limits: Any) -> Flask:
        app = start_app(self._settings.model_copy(update={**LIMITS, **limits}))
        self._apps.append(app)
        return app

    def close(self) -> None:
        for app in self._apps:
            stop_app(app)


@pytest.fixture
def site(app: Flask, settings: Settings) -> Iterator[Site]:
    found = Site(settings)
    yield found
    found.close()


def get(app: Flask, path: str, address: str = "10.0.0.1", token: str | None = None, **headers: str) -> TestResponse:
    return Client(app, token).get(path, environ_base={"REMOTE_ADDR": address}, headers=headers)


def ask_for_code(app: Flask, phone: str, address: str = "10.0.0.1", device: str = "") -> tuple[int, str]:
    headers = {"X-Device-Id": device} if device else {}
    told = {"json": {"phone": phone}, "environ_base": {"REMOTE_ADDR": address}, "headers": headers}
    return failure(Client(app).post("/auth/sms-codes", **told))


def test_address_over_its_limit_is_429_and_others_are_not(site: Site) -> None:
    app = site.app(limit_per_address=FIVE)
    answers = [get(app, "/blog/posts") for _ in range(7)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429] * 2
    assert failure(answers[5]) == REACHED
    assert 0 < int(answers[5].headers["Retry-After"]) <= 60
    assert get(app, "/blog/posts", "10.0.0.2").status_code == 200


def test_headers_say_the_policy_and_what_is_left(site: Site) -> None:
    app = site.app(limit_per_address=FIVE, limit_per_user=Quota(3, 3600))
    user = Factory(site.app()).user()
    public = get(app, "/blog/posts")
    assert public.headers["RateLimit-Policy"] == '"address";q=5;w=60'
    assert public.headers["RateLimit"] == '"address";r=4;t=60'
    mine = get(app, "/users/me", "10.0.0.2", user.token)
    assert mine.headers["RateLimit-Policy"] == '"address";q=5;w=60, "user";q=3;w=3600'
    assert mine.headers["RateLimit"] == '"address";r=4;t=60, "user";r=2;t=3600'
    refused = [get(app, "/blog/posts") for _ in range(6)][-1]
    assert refused.headers["RateLimit"].startswith('"address";r=0;t=')


def test_user_is_counted_on_all_hosts_and_devices_together(site: Site) -> None:
    hosts = [site.app(limit_per_user=FIVE) for _ in range(2)]
    phone = "13800138000"
    logins = [Client(hosts[0]).log_in(phone), Client(hosts[1]).log_in(phone)]
    codes = []
    for n in range(8):
        codes.append(get(hosts[n % 2], "/users/me", f"10.0.0.{n}", logins[n // 3 % 2].token).status_code)
        hosts[n % 2].extensions["tally"].tell()
    # A host learns of the others when it tells what it has counted itself: here, or by itself a moment before.
    assert codes in ([200] * 6 + [429] * 2, [200] * 5 + [429] * 3)


def test_what_two_hosts_count_comes_together_by_itself(site: Site) -> None:
    hosts = [site.app(limit_per_address=Quota(1000, 60)) for _ in range(2)]
    at_once([lambda n=n: get(hosts[n % 2], "/blog/posts").status_code for n in range(100)])
    until = time.monotonic() + 5
    left = {899, 898}
    while time.monotonic() < until:
        time.sleep(0.1)
        told = [get(host, "/blog/posts").headers["RateLimit"] for host in hosts]
        if {int(re.findall(r"r=(\d+)", one)[0]) for one in told} <= left:
            return
        left = {value - 2 for value in left} | {value - 1 for value in left}
    pytest.fail(str(told))


def test_of_50_at_once_exactly_those_within_the_limit_pass(site: Site) -> None:
    app = site.app(limit_per_address=FIVE)
    assert Counter(at_once([lambda: get(app, "/blog/posts").status_code] * 50)) == {200: 5, 429: 45}


def test_made_up_tokens_use_up_nothing_of_a_user(site: Site) -> None:
    app = site.app(limit_per_user=FIVE)
    user = Factory(app).user()
    for _ in range(8):
        assert failure(get(app, "/users/me", token=f"{user.user_id}.made-up")) == (401, "TOKEN_INVALID")
    assert get(app, "/users/me", token=user.token).headers["RateLimit"].startswith('"user";r=4;')


def test_logins_of_an_address_are_counted_apart(site: Site) -> None:
    app = site.app(limit_logins_per_address=FIVE)
    body = {"phone": "13800138000", "password": "wrong"}
    codes = [failure(Client(app).post("/auth/password-login", json=body)) for _ in range(6)]
    assert codes == [(401, "CREDENTIALS_WRONG")] * 5 + [REACHED]
    assert Client(app).get("/blog/posts").status_code == 200


def test_without_limits_nothing_is_counted_or_told(site: Site) -> None:
    answer = get(site.app(), "/blog/posts")
    assert "RateLimit" not in answer.headers


def test_health_is_never_limited(site: Site) -> None:
    app = site.app(limit_per_address=Quota(1, 60))
    assert {get(app, "/health/live").status_code for _ in range(5)} == {200}


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:bbbb::2", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unix", "unix"),
    ],
)
def test_one_customers_ipv6_addresses_are_one(address: str, counted: str) -> None:
    assert bucket(address) == counted


def test_page_tells_the_limits_of_each_operation(site: Site) -> None:
    app = site.app(limit_per_address=FIVE, limit_per_user=Quota(9, 3600), limit_logins_per_address=Quota(2, 120))
    paths = app.test_client().get("/api/swagger.json").get_json()["paths"]
    assert "- `address` 5 per minute for an address" in paths["/blog/categories"]["get"]["description"]
    assert "- `user` 9 per hour for a user" in paths["/users/me"]["get"]["description"]
    assert "- `logins` 2 per 2 minutes for an address" in paths["/auth/sms-login"]["post"]["description"]
    assert "LIMIT_REACHED" in paths["/users/me"]["get"]["responses"]["429"]["description"]
    assert "RateLimit" in paths["/users/me"]["get"]["responses"]["200"]["headers"]
    assert "429" not in paths["/health/live"]["get"]["responses"]


def test_without_redis_open_limits_let_pass_and_closed_ones_do_not(site: Site) -> None:
    app = site.app(redis_url="unix:///nowhere", limit_per_address=FIVE, limit_logins_per_address=FIVE)
    codes = [get(app, "/blog/posts").status_code for _ in range(7)]
    assert codes == [200] * 5 + [429] * 2, "each process counts alone"
    body = {"phone": "13800138000", "password": "wrong"}
    refused = Client(app).post("/auth/password-login", json=body, environ_base={"REMOTE_ADDR": "10.0.0.2"})
    assert refused.status_code == 503
    assert refused.headers["Retry-After"]


MODULES = (rate_limits, sms_codes, mail_codes, attempts, exports, likes, blocks, reports, places)


def all_limits() -> dict[str, rate_limits.Limit]:
    found = [value for module in MODULES for value in vars(module).values()]
    return {limit.name: limit for limit in found if isinstance(limit, rate_limits.Limit)}


def test_every_limit_says_what_it_does_without_redis() -> None:
    """Only reading goes on without being counted; no login, code or signature is let through."""
    assert {name for name, limit in all_limits().items() if limit.open_without_redis} == {"address", "user"}


def test_document_lists_every_limit_and_whether_it_is_open_without_redis() -> None:
    page = (Path(__file__).parents[2] / "docs" / "protecting.md").read_text()
    listed = dict(re.findall(r"^\| `([a-z-]+)` \|.*\| (open|closed)[^|]*\|$", page, re.MULTILINE))
    assert listed == {name: "open" if limit.open_without_redis else "closed" for name, limit in all_limits().items()}
    named = {name.lower() for name in re.findall(r"SOLO_([A-Z_]+)", page)}
    assert named <= set(Settings.model_fields)


@pytest.mark.parametrize("setting", ["limit_sms_per_address", "limit_sms_per_device", "limit_sms_in_all"])
def test_codes_are_capped_for_address_device_and_in_all(site: Site, make: Factory, setting: str) -> None:
    app = site.app(**{setting: Quota(3, 3600)})
    answers = [ask_for_code(app, make.phone(), device="a-device") for _ in range(5)]
    assert answers == [(201, "SUCCESS")] * 3 + [(429, "TOO_MANY_CODES")] * 2
    elsewhere = ask_for_code(app, make.phone(), "10.0.0.9", "another")
    assert elsewhere == ((429, "TOO_MANY_CODES") if setting.endswith("all") else (201, "SUCCESS"))


def test_hammering_one_phone_locks_out_nobody_else(site: Site, make: Factory) -> None:
    app = site.app(limit_sms_in_all=Quota(3, 3600), limit_sms_per_address=Quota(3, 3600), sms_code_interval=60)
    assert ask_for_code(app, "13800138000") == (201, "SUCCESS")
    refused = {ask_for_code(app, "13800138000") for _ in range(10)}
    assert refused == {(429, "CODE_SENT_TOO_OFTEN")}
    assert ask_for_code(app, make.phone()) == (201, "SUCCESS")


def test_phone_refused_for_its_address_may_ask_from_another_at_once(site: Site) -> None:
    app = site.app(limit_sms_per_address=Quota(1, 3600), sms_code_interval=60)
    assert ask_for_code(app, "13800138000", "10.0.0.1") == (201, "SUCCESS")
    assert ask_for_code(app, "13800138001", "10.0.0.1") == (429, "TOO_MANY_CODES")
    assert ask_for_code(app, "13800138001", "10.0.0.2") == (201, "SUCCESS")


def test_no_two_codes_go_to_a_phone_within_its_pause_however_hard_it_is_hammered(site: Site) -> None:
    """Also around the moment at which the pause ends: what was refused must not be given back to the next one."""
    app = site.app(sms_code_interval=1)
    sent_at: list[float] = []
    app.extensions["sms"] = Noting(sent_at)

    def hammer() -> None:
        until = time.monotonic() + 2.5
        while time.monotonic() < until:
            ask_for_code(app, "13800138000")

    at_once([hammer] * 8)
    assert len(sent_at) in (2, 3)
    # Two of one pause would be sent together; a busy machine may note a sending some tenths late.
    assert all(later - earlier > 0.5 for earlier, later in pairwise(sorted(sent_at)))


class Noting:
    """A provider that notes when it sent."""

    offline = False

    def __init__(self, sent_at: list[float]) -> None:
        self.sent_at = sent_at

    def send_code(self, phone: str, code: str, minutes: int) -> None:
        self.sent_at.append(time.monotonic())


def test_limits_of_a_phone_are_told_in_headers_and_on_the_page(site: Site) -> None:
    app = site.app(limit_sms_in_all=Quota(7, 3600), sms_code_interval=60)
    answer = Client(app).post("/auth/sms-codes", json={"phone": "13800138000"}, headers={"X-Device-Id": "a"})
    assert (
        answer.headers["RateLimit-Policy"] == '"sms-phone";q=1;w=60, "sms-phone-day";q=20;w=86400, "sms-all";q=7;w=3600'
    )
    assert answer.headers["RateLimit"] == '"sms-phone";r=0;t=60, "sms-phone-day";r=19;t=86400, "sms-all";r=6;t=3600'
    operation = app.test_client().get("/api/swagger.json").get_json()["paths"]["/auth/sms-codes"]["post"]
    assert (
        "- `sms-phone` 1 per minute for a phone\n- `sms-phone-day` 20 per day for a phone" in operation["description"]
    )
    assert "X-Device-Id" in {parameter["name"] for parameter in operation["parameters"]}


def test_malformed_requests_are_counted_too(site: Site) -> None:
    app = site.app(limit_per_address=FIVE)
    codes = [get(app, "/auth/sessions", **{"X-Sign": "malformed"}).status_code for _ in range(7)]
    assert codes == [400] * 5 + [429] * 2
    raw = {"QUERY_STRING": "\xff", "REMOTE_ADDR": "10.0.0.2"}
    codes = [Client(app).get("/blog/posts", environ_overrides=raw).status_code for _ in range(7)]
    assert codes == [400] * 5 + [429] * 2


def test_what_redis_refuses_is_logged_and_passes_where_the_limit_is_open(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with RedisServer() as redis:
        app = site.app(redis_url=redis.url(), limit_per_address=FIVE)
        app.extensions["redis"].config_set("maxmemory", 1)
        assert {get(app, "/blog/posts").status_code for _ in range(3)} == {200}
        until = time.monotonic() + 5
        while "each process counts requests by itself" not in caplog.text:
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.mark.parametrize(("failure", "code"), [(SMSError(sent=False), 503), (OSError("a disk is full"), 500)])
def test_code_that_could_not_be_sent_counts_nowhere(failure: Exception, code: int, site: Site) -> None:
    app = site.app(limit_sms_in_all=Quota(1, 3600), sms_code_interval=60)

    class Failing:
        offline = False

        def send_code(self, phone: str, code: str, minutes: int) -> None:
            raise failure

    working, app.extensions["sms"] = app.extensions["sms"], Failing()
    assert ask_for_code(app, "13800138000")[0] == code
    app.extensions["sms"] = working
    assert ask_for_code(app, "13800138000") == (201, "SUCCESS")
    assert data(Client(site.app()).post("/auth/sms-codes", json={"phone": "13800138002"}))["code"]


@pytest.mark.parametrize(
    ("text", "quota"),
    [
        ("600 per minute", Quota(600, 60)),
        ("20/day", Quota(20, 86400)),
        (" 5  per 10 seconds", Quota(5, 10)),
        ("1 per 2 hours", Quota(1, 7200)),
    ],
)
def test_quota_is_read_from_words(text: str, quota: Quota) -> None:
    assert Quota.parse(text) == quota
    assert Quota.parse(str(quota)) == quota


@pytest.mark.parametrize(
    "text", ["0 per minute", "x", "5", "5 per", "-1 per minute", "5 per 0 minutes", "5 per 400 days"]
)
def test_what_is_no_quota_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="600 per minute"):
        Quota.parse(text)
