"""What a signature covers: every part of the request, and nothing of how it was written down."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from flask_api.core.signatures import Signed, canonical_query, canonical_request, is_one_of, sign, sign_v1

SECRET = "testsecret"
WORDS = st.text("abcXYZ019-._~", min_size=1, max_size=12)
PAIRS = st.lists(st.tuples(st.text(min_size=1, max_size=5), st.text(max_size=5)), max_size=4)


def encoded(pairs: list[tuple[str, str]]) -> str:
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)


REQUESTS = st.builds(
    Signed,
    method=st.sampled_from(["GET", "POST", "PATCH", "PUT", "DELETE"]),
    path=st.text(max_size=20).map(lambda text: f"/{text}".encode()),
    query=PAIRS.map(encoded),
    body=st.binary(max_size=20),
    timestamp=st.integers(0, 2**33).map(str),
    nonce=WORDS,
    token=st.just("") | WORDS,
)
PARTS = ["method", "path", "query", "body", "timestamp", "nonce", "token"]


def test_the_originals_vector_of_version_1_is_met() -> None:
    parameters = {"phone": "13800138000", "code": "97532", "appkey": "any", "sign": "any", "nonce": "123456"}
    made = sign_v1(parameters, token="", timestamp="1565000000", nonce="123456", secret=SECRET)
    assert made == "177a0ce2f34520bc92b1d8ef983c97ce"


def test_text_that_is_signed_is_these_eight_lines() -> None:
    query = "b=2&a=x+y&a=%7e%2F&flag"
    signed = Signed("post", "/api/v1/é".encode(), query, b"{}", "1565000000", "n-1", "t0k3n")
    assert canonical_request(signed).split("\n") == [
        "SOLO2-HMAC-SHA256",
        "POST",
        "/api/v1/%C3%A9",
        "a=x%20y&a=~%2F&b=2&flag=",
        "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        "1565000000",
        "n-1",
        "t0k3n",
    ]


@given(pairs=PAIRS, shuffled=st.randoms(use_true_random=False))
def test_order_and_encoding_of_the_query_do_not_matter(pairs: list[tuple[str, str]], shuffled: Any) -> None:
    other = pairs.copy()
    shuffled.shuffle(other)
    by_form = "&".join(f"{quote_plus(name, safe='-.')}={quote_plus(value, safe='*')}" for name, value in other)
    assert canonical_query(by_form) == canonical_query(encoded(pairs))


@given(one=REQUESTS, other=REQUESTS)
def test_two_requests_share_a_text_only_if_they_mean_the_same(one: Signed, other: Signed) -> None:
    same = replace(one, query=canonical_query(one.query)) == replace(other, query=canonical_query(other.query))
    assert (canonical_request(one) == canonical_request(other)) == same


@pytest.mark.parametrize("part", PARTS)
@given(one=REQUESTS, other=REQUESTS)
def test_no_part_can_be_taken_from_another_request(part: str, one: Signed, other: Signed) -> None:
    mixed = replace(one, **{part: getattr(other, part)})
    assume(canonical_request(mixed) != canonical_request(one))
    assert sign(mixed, SECRET) != sign(one, SECRET)


def test_signature_counts_only_with_a_valid_secret() -> None:
    signed = Signed("GET", b"/", "", b"", "1", "n")
    made = [sign(signed, secret) for secret in ("old", "new")]
    assert [is_one_of(sign(signed, secret), made) for secret in ("old", "new", "other")] == [True, True, False]
    assert not is_one_of("é", made)
    assert not is_one_of("", made)
