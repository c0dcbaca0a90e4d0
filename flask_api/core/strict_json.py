"""Strict decoding of JSON bodies: what two parsers could read differently is refused.

UTF-8 only (RFC 8259 §8.1), no duplicate names (§4), no NaN or infinity (§6), integers within 64 bits, no NUL and no
lone surrogates in strings (§8.2), nesting of 32 at most.
"""

import json
import math
from typing import Any, NoReturn

from flask_api.core.errors import BadRequest

MAX_DEPTH = 32
INT64 = range(-(2**63), 2**63)


class BadJSON(BadRequest):
    status = "BAD_JSON"
    message = "The body is not JSON in UTF-8."


def decode(body: bytes) -> Any:
    """Return the value that ``body`` holds.

    Raises:
        BadJSON: it is not strict JSON; the message says what is wrong, never what was sent.
    """
    try:
        value = _decoder.decode(body.decode("utf-8"))
    except BadJSON:
        raise
    except UnicodeDecodeError:
        raise BadJSON("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise BadJSON(f"The body is not JSON: line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise BadJSON(f"The body is nested deeper than {MAX_DEPTH}.") from None
    _inspect(value)
    return value


def _inspect(root: Any) -> None:
    """Walk the value without recursion; strings and depth are what the parser lets through."""
    level, depth = [root], 0
    while level:
        depth += 1
        below: list[Any] = []
        for value in level:
            if isinstance(value, str):
                _check_string(value)
            elif isinstance(value, dict):
                for name in value:
                    _check_string(name)
                below.extend(value.values())
            elif isinstance(value, list):
                below.extend(value)
        if depth > MAX_DEPTH and any(isinstance(value, dict | list) for value in level):
            raise BadJSON(f"The body is nested deeper than {MAX_DEPTH}.")
        level = below


def _check_string(text: str) -> None:
    if "\x00" in text:
        raise BadJSON("A string holds the character NUL.")
    if not text.isascii():
        try:
            text.encode("utf-8")
        except UnicodeEncodeError:
            raise BadJSON("A string holds half of a surrogate pair.") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise BadJSON("An object has the same name twice.")
    return result


def _integer(digits: str) -> int:
    # The length first: int() of a very long text is slow, and refused by Python itself past 4,300 digits.
    if len(digits) > 20 or (number := int(digits)) not in INT64:
        raise BadJSON("A whole number does not fit into 64 bits.")
    return number


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise BadJSON("A number is too large.")
    return number


def _refuse_constant(_name: str) -> NoReturn:
    raise BadJSON("NaN and Infinity are not JSON.")


_decoder = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_float, parse_constant=_refuse_constant
)
