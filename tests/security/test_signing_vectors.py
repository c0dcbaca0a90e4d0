"""Our own signatures are those of docs/signing/vectors.json, which were made by openssl and not by this code."""

import re
from typing import Any

import pytest

from flask_api.core.credentials import FORMS
from flask_api.core.signatures import Signed, canonical_request, sign, sign_v1
from flask_api.server.request_head import unquoted_path
from tests.security.published_clients import VECTORS, body_of

Vector = dict[str, Any]


def name_of(vector: Vector) -> str:
    return str(vector["name"])


@pytest.mark.parametrize("vector", VECTORS["version_2"], ids=name_of)
def test_vector_of_version_2_holds(vector: Vector) -> None:
    signed = Signed(
        method=vector["method"],
        path=unquoted_path(vector["path"]).encode("latin-1"),  # as the server decodes it
        query=vector["query"],
        body=body_of(vector),
        timestamp=vector["timestamp"],
        nonce=vector["nonce"],
        token=vector["token"],
    )
    assert canonical_request(signed) == vector["canonical_request"]
    assert sign(signed, vector["secret"]) == vector["signature"]


@pytest.mark.parametrize("vector", VECTORS["version_1"], ids=name_of)
def test_vector_of_version_1_holds(vector: Vector) -> None:
    parts = {name: vector[name] for name in ("token", "timestamp", "nonce", "secret")}
    assert sign_v1(vector["parameters"], **parts) == vector["signature"]


@pytest.mark.parametrize("version", [1, 2])
def test_server_takes_nonces_and_signatures_of_this_form(version: int) -> None:
    for vector in VECTORS[f"version_{version}"]:
        assert re.fullmatch(FORMS[version]["nonce"], vector["nonce"], re.ASCII)
        assert re.fullmatch(FORMS[version]["sign"], vector["signature"], re.ASCII)
