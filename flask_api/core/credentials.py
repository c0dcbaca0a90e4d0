"""What a request bears to show who sends it: a login token, a signature."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flask import request

from flask_api.core.errors import BadRequest

HEADERS = {"appkey": "X-App-Key", "timestamp": "X-Timestamp", "nonce": "X-Nonce", "sign": "X-Sign"}
FORMS = {
    1: {"appkey": r"[\w.-]{1,32}", "timestamp": r"\d{1,12}", "nonce": r"[\w.-]{1,64}", "sign": r"[0-9a-f]{32}"},
    2: {"appkey": r"[\w.-]{1,32}", "timestamp": r"\d{1,12}", "nonce": r"[\w.-]{16,64}", "sign": r"[0-9a-f]{64}"},
}
URLENCODED = "application/x-www-form-urlencoded"


class SignatureMalformed(BadRequest):
    status = "SIGNATURE_MALFORMED"
    message = "A part of the signature is missing or malformed, or a part of the request is not covered by it."


@dataclass(frozen=True, slots=True)
class SignatureSent:
    """A signature as it was sent; nothing of it is proven yet.

    Args:
        version: of the protocol.
        appkey, timestamp, nonce, sign: well formed texts.
        token: of version 1, which may send it as a parameter.
        parameters: that version 1 signs; the first value of each name.
    """

    version: int
    appkey: str
    timestamp: str
    nonce: str
    sign: str
    token: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def token_sent(environ: Mapping[str, Any]) -> str:
    """Return the login token in the header ``token``, or else ``Authorization: Bearer``; empty if there is none."""
    text: str = environ.get("HTTP_TOKEN", "")
    if not text:
        scheme, _, text = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return ""
    return text.strip()


def basic_sent() -> str:
    """Return the credentials of ``Authorization: Basic``, as they were sent; empty if there are none."""
    scheme, _, text = request.environ.get("HTTP_AUTHORIZATION", "").partition(" ")
    return str(text).strip() if scheme.lower() == "basic" else ""


def signature_sent() -> SignatureSent | None:
    """Return the request's signature: in headers version 2, in parameters version 1; None if it bears none.

    Raises:
        SignatureMalformed: a part of it is missing or not well formed.
    """
    sent = {name: request.headers.get(header, "") for name, header in HEADERS.items()}
    if any(sent.values()):
        return SignatureSent(2, *_well_formed(2, sent, HEADERS))
    parameters = _parameters()
    if "sign" not in parameters:
        return None
    parts = {name: parameters.get(name, "") for name in HEADERS}
    _refuse_what_version_1_does_not_cover()
    checked = _well_formed(1, parts, {name: name for name in HEADERS})
    return SignatureSent(1, *checked, token=parameters.get("token", ""), parameters=parameters)


def _parameters() -> dict[str, str]:
    """Return those of the form if it has any, else of the query; of each name the first value."""
    form = request.form if request.mimetype == URLENCODED else None
    return (form or request.args).to_dict(flat=True)


def _refuse_what_version_1_does_not_cover() -> None:
    has_form = request.mimetype == URLENCODED and bool(request.form)
    if has_form and request.args:
        raise SignatureMalformed("Version 1 signs the form or the query, not both: send no query.")
    if basic_sent():
        raise SignatureMalformed("Version 1 does not sign Authorization: Basic; use version 2.")
    if not has_form and request.get_data():
        raise SignatureMalformed("Version 1 signs no body but a form: use version 2.")


def _well_formed(version: int, parts: dict[str, str], named: Mapping[str, str]) -> tuple[str, str, str, str]:
    wrong = [name for name, form in FORMS[version].items() if not re.fullmatch(form, parts[name], re.ASCII)]
    if wrong:
        problems = [{"field": named[name], "message": "is missing or malformed"} for name in wrong]
        message = f"{problems[0]['field']} is missing or malformed"
        raise SignatureMalformed(message, field=problems[0]["field"], errors=problems)
    return parts["appkey"], parts["timestamp"], parts["nonce"], parts["sign"]
