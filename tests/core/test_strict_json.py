"""Strict JSON: what is valid comes back as it was sent, everything else is one BadJSON."""

import json
import time
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flask_api.core.strict_json import BadJSON, decode
from tests.clients import failure
from tests.factories import Factory

text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"))
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | text
scalars = scalars.filter(lambda value: value not in (float("inf"), float("-inf")))
values = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(text, inner), max_leaves=20)


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * depth + closing * depth).encode()


@given(values, st.booleans(), st.sampled_from([None, 2]))
def test_whatever_is_valid_comes_back_unchanged(value: Any, ascii_only: bool, indent: int | None) -> None:
    assert decode(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()) == value


@given(st.binary() | values.map(lambda value: json.dumps(value).encode()[:-1]))
def test_any_bytes_are_decoded_or_refused_and_never_crash(body: bytes) -> None:
    with suppress(BadJSON):
        decode(body)


REFUSED = {
    "nothing": b"",
    "spaces": b"  ",
    "half an object": b'{"a": ',
    "two values": b"{} {}",
    "trailing comma": b"[1,]",
    "comment": b"[1] // one",
    "single quotes": b"{'a': 1}",
    "duplicate name": b'{"a": 1, "a": 2}',
    "duplicate name below": b'[{"b": {"a": 1, "a": 1}}]',
    "duplicate name by an escape": b'{"a": 1, "\\u0061": 2}',
    "NaN": b"[NaN]",
    "Infinity": b"[Infinity]",
    "-Infinity": b"[-Infinity]",
    "too large a float": b"[1e999]",
    "too small a float": b"[-1e999]",
    "2**63": b"[9223372036854775808]",
    "-2**63 - 1": b"[-9223372036854775809]",
    "10**5000": b"1" + b"0" * 5000,
    "-10**500000": b"-1" + b"0" * 500_000,
    "a float of 10**5000": b"1" + b"0" * 5000 + b".5",
    "leading zero": b"[01]",
    "plus": b"[+1]",
    "no digit before the point": b"[.5]",
    "hexadecimal": b"[0x10]",
    "NUL by an escape": b'["a\\u0000b"]',
    "NUL as it is": b'["a\x00b"]',
    "NUL in a name": b'{"a\\u0000": 1}',
    "newline in a string": b'["a\nb"]',
    "lone high surrogate": b'["\\ud83d"]',
    "lone low surrogate": b'["\\ude00"]',
    "lone surrogate in a name": b'{"\\ud83d": 1}',
    "surrogates the wrong way round": b'["\\ude00\\ud83d"]',
    "surrogate in UTF-8": b'["\xed\xa0\xbd"]',
    "byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"a": 1}'.encode("utf-16"),
    "UTF-32": '{"a": 1}'.encode("utf-32-le"),
    "Latin-1": '["é"]'.encode("latin-1"),
    "overlong UTF-8": b'["\xc0\xaf"]',
    "half a character": b'["\xe4\xb8"]',
    "depth 33": nested(33),
    "depth 33 of objects": nested(33, '{"a":', "}").replace(b":}", b":1}", 1),
    "depth 100000": nested(100_000),
    "depth 100000 of objects": nested(100_000, '{"a":', "}"),
    "depth 100000, never closed": b"[" * 100_000,
}


@pytest.mark.parametrize("body", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_not_strict_json_is_refused_fast(body: bytes) -> None:
    began = time.perf_counter()
    with pytest.raises(BadJSON):
        decode(body)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[9223372036854775807, -9223372036854775808]", [2**63 - 1, -(2**63)]),
        (b'["\\ud83d\\ude00"]', ["😀"]),
        (b" {} \n", {}),
        (b"[-0, 0.1, 1e300, 5e-324]", [0, 0.1, 1e300, 5e-324]),
    ],
)
def test_what_is_just_allowed_is_decoded(body: bytes, value: Any) -> None:
    assert decode(body) == value


def test_depth_32_is_allowed_also_with_scalars_at_the_bottom() -> None:
    assert decode(nested(32))
    assert decode(b"[" * 32 + b"1" + b"]" * 32)


@pytest.mark.parametrize("name", ["depth 100000", "10**5000", "lone high surrogate", "UTF-16", "nothing"])
def test_the_api_answers_400_and_does_not_repeat_what_was_sent(name: str, make: Factory) -> None:
    response = make.user().patch("/users/me", data=REFUSED[name], content_type="application/json")
    assert failure(response) == (400, "BAD_JSON")
    assert len(response.data) < 300
