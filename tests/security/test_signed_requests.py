"""Signed requests: what is accepted, and that nothing of them can be changed."""

import re
import time
from base64 import b64encode

import pytest
from flask import Flask
from flask_restx import Api

from flask_api.accounts.schemas import ns as accounts
from flask_api.app_keys import services, signing_keys
from flask_api.core import encryption
from flask_api.core.auth import login_check
from flask_api.core.resource import Namespace, Resource
from flask_api.core.signatures import sign_v1
from flask_api.core.signing import is_signable, validsign
from flask_api.emails.schemas import ns as emails
from flask_api.settings import Settings, SettingsError
from tests.clients import Client, data, failure
from tests.conftest import start_app, stop_app
from tests.factories import Factory
from tests.security.signing_clients import SigningClient, make_signing_client, post_form, version_1

CODES, LOGIN, SESSIONS = "/auth/sms-codes", "/auth/sms-login", "/auth/sessions"
MISSING, WRONG = (401, "SIGNATURE_MISSING"), (401, "SIGNATURE_WRONG")


@pytest.fixture
def signer(app: Flask) -> SigningClient:
    return make_signing_client(app)


@pytest.fixture
def old(app: Flask) -> SigningClient:
    """A client of the original's, with an app key that allows version 1."""
    return make_signing_client(app, allows_version_1=True)


def phone_body(make: Factory) -> dict[str, str]:
    return {"phone": make.phone()}


def test_signed_request_is_accepted_with_and_without_token(app: Flask, make: Factory, signer: SigningClient) -> None:
    assert signer.send("POST", CODES, phone_body(make)).status_code == 201
    logged_in = make_signing_client(app, make.user().token)
    assert logged_in.send("GET", SESSIONS).status_code == 200


@pytest.mark.parametrize("header", ["X-Timestamp", "X-Nonce", "X-App-Key", "X-Sign"])
def test_changed_part_of_the_signature_is_401(make: Factory, signer: SigningClient, header: str) -> None:
    other = {"X-Timestamp": str(int(time.time()) - 1), "X-Nonce": "n" * 20, "X-App-Key": "0" * 16, "X-Sign": "0" * 64}
    answer = signer.send("POST", CODES, phone_body(make), **{header: other[header]})
    assert failure(answer) == ((401, "APP_KEY_INVALID") if header == "X-App-Key" else WRONG)


def test_changed_body_path_method_query_or_token_is_401(app: Flask, make: Factory, signer: SigningClient) -> None:
    user, other = make.user(), make.user()
    mine = make_signing_client(app, user.token)
    headers = mine.headers("GET", SESSIONS)
    assert failure(other.get(SESSIONS, headers=headers)) == WRONG
    assert failure(user.delete(SESSIONS, headers=headers)) == WRONG
    assert failure(user.get(SESSIONS, headers=headers, query_string="a=1")) == WRONG
    assert failure(user.get("/auth/account/export", headers=headers)) == WRONG
    body = {"phone": make.phone()}
    headers = signer.headers("POST", CODES, body=b'{"phone": "13800138000"}')
    assert failure(signer.post(CODES, json=body, headers=headers)) == WRONG


@pytest.mark.parametrize("header", ["X-Timestamp", "X-Nonce", "X-App-Key", "X-Sign"])
def test_missing_or_malformed_part_is_named(make: Factory, signer: SigningClient, header: str) -> None:
    for value in ("", "x" * 200, "1 2", "é", "1/2", "\u0661"):
        answer = signer.send("POST", CODES, phone_body(make), **{header: value.encode().decode("latin-1")})
        assert failure(answer) == (400, "SIGNATURE_MALFORMED")
        assert answer.get_json()["field"] == header


def test_the_clock_may_be_wrong_by_five_minutes_either_way(make: Factory, signer: SigningClient) -> None:
    for late in (-297, 297):
        assert signer.send("POST", CODES, phone_body(make), late=late).status_code == 201
    for late in (-303, 303, -(10**9)):
        answer = signer.send("POST", CODES, phone_body(make), late=late)
        assert failure(answer) == (401, "CLOCK_SKEW")
        assert abs(int(answer.headers["X-Server-Time"]) - time.time()) <= 2


def test_every_answer_of_an_area_that_signs_tells_the_servers_time(client: Client) -> None:
    for answer in (client.get(SESSIONS), client.post(CODES, json={}), client.post(CODES, headers={"X-Sign": "x"})):
        assert abs(int(answer.headers["X-Server-Time"]) - time.time()) <= 2
    assert "X-Server-Time" not in client.get("/blog/posts").headers


def test_unknown_and_disabled_app_keys_are_refused_at_once(app: Flask, make: Factory, signer: SigningClient) -> None:
    assert signer.send("POST", CODES, phone_body(make)).status_code == 201
    with app.app_context():
        services.change_app_key(services.find_app_key(signer.appkey).id, disabled=True)
    assert failure(signer.send("POST", CODES, phone_body(make))) == (401, "APP_KEY_INVALID")
    signer.appkey = "unknown"
    assert failure(signer.send("POST", CODES, phone_body(make))) == (401, "APP_KEY_INVALID")


def test_empty_secret_opens_nothing(make: Factory, signer: SigningClient) -> None:
    signer.secret = ""
    assert failure(signer.send("POST", CODES, phone_body(make))) == WRONG


def test_two_secrets_are_valid_while_a_rotation_overlaps(app: Flask, make: Factory, signer: SigningClient) -> None:
    with app.app_context():
        app_key_id = services.find_app_key(signer.appkey).id
        newer = services.rotate_secret(app_key_id).secret
    first = signer.secret
    for secret in (first, newer):
        signer.secret = secret
        assert signer.send("POST", CODES, phone_body(make)).status_code == 201
    with app.app_context():
        services.rotate_secret(app_key_id, overlap_hours=0)
    for secret in (first, newer):
        signer.secret = secret
        assert failure(signer.send("POST", CODES, phone_body(make))) == WRONG


def test_secret_is_not_readable_in_the_database(app: Flask, signer: SigningClient) -> None:
    with app.app_context():
        kept = services.find_app_key(signer.appkey).secret
        assert signer.secret not in kept
        assert encryption.decrypt(kept) == signer.secret


def test_signature_comes_before_login_and_body(make: Factory, signer: SigningClient) -> None:
    signer.secret = "wrong"
    assert failure(signer.send("GET", SESSIONS)) == WRONG
    assert failure(signer.send("POST", CODES, {"no_such_field": 1})) == WRONG


def test_where_signatures_are_demanded_an_unsigned_request_is_401(settings: Settings, make: Factory) -> None:
    app = start_app(settings.model_copy(update={"signed_areas": ["auth"]}))
    assert failure(Client(app).post(CODES, json=phone_body(make))) == MISSING
    assert failure(Client(app).get(SESSIONS)) == MISSING
    assert failure(Client(app).post(CODES, json={"no_such_field": 1})) == MISSING
    assert Client(app).get("/blog/posts").status_code == 200
    assert make_signing_client(app).send("POST", CODES, phone_body(make)).status_code == 201
    stop_app(app)


def test_page_says_where_requests_must_be_signed(settings: Settings) -> None:
    for areas, told in ((["auth"], "Must be signed"), ([], "May be signed")):
        app = start_app(settings.model_copy(update={"signed_areas": areas}))
        paths = app.test_client().get("/api/swagger.json").get_json()["paths"]
        login = paths["/auth/sms-login"]["post"]
        assert told in login["description"]
        assert "an app key may have a limit of its own" in login["description"]
        assert {"X-App-Key", "X-Sign"} <= {parameter["name"] for parameter in login["parameters"]}
        assert "signed" not in paths["/blog/posts"]["get"]["description"]
        stop_app(app)


def test_production_demands_signatures_on_auth_and_emails_and_development_nowhere(settings: Settings) -> None:
    assert settings.areas_to_sign == ()
    assert settings.model_copy(update={"environment": "production"}).areas_to_sign == ("auth", "emails")
    assert settings.model_copy(update={"environment": "production", "signed_areas": []}).areas_to_sign == ()


def test_area_that_signs_nothing_stops_the_start(settings: Settings) -> None:
    with pytest.raises(SettingsError, match="SOLO_SIGNED_AREAS: payments signs nothing; there are: auth, emails"):
        start_app(settings.model_copy(update={"signed_areas": ["auth", "payments"]}))


def test_every_endpoint_of_auth_and_emails_checks_signatures() -> None:
    """Who logs in, and everything that a login can be lost by."""
    assert len(accounts.views()) > 10
    assert all(map(is_signable, [*accounts.views(), *emails.views()]))


def test_original_client_logs_in_by_forms_of_version_1(app: Flask, make: Factory, old: SigningClient) -> None:
    phone = make.phone()
    sent = post_form(old, CODES, version_1(old, {"phone": phone}))
    login = post_form(old, LOGIN, version_1(old, {"phone": phone, "code": data(sent)["code"]}))
    old.token = data(login)["token"]
    stranger = Client(app)
    assert len(data(stranger.get(SESSIONS, query_string=version_1(old, {})))["items"]) == 1


@pytest.mark.parametrize("name", ["phone", "timestamp", "nonce", "sign", "token"])
def test_changed_parameter_of_version_1_is_401(make: Factory, old: SigningClient, name: str) -> None:
    others = {"phone": make.phone(), "timestamp": str(int(time.time()) - 1), "sign": "0" * 32}
    changed = version_1(old, phone_body(make), **{name: others.get(name, "1.other")})
    assert failure(post_form(old, CODES, changed)) == WRONG


def test_token_added_to_a_request_signed_without_one_is_401(make: Factory, old: SigningClient) -> None:
    user = make.user()
    assert failure(user.get(SESSIONS, query_string=version_1(old, {}))) == WRONG
    assert failure(user.get(SESSIONS, headers=old.headers("GET", SESSIONS))) == WRONG


def test_query_that_is_not_ascii_is_refused_because_two_would_have_one_signature(signer: SigningClient) -> None:
    headers = signer.headers("GET", SESSIONS, query="a=%C3%83%C2%A9")
    answer = signer.get(SESSIONS, headers=headers, environ_overrides={"QUERY_STRING": "a=\xc3\xa9"})
    assert failure(answer) == (400, "BAD_REQUEST")


def test_credentials_of_basic_are_covered_by_version_2_and_refused_with_version_1(
    make: Factory, signer: SigningClient, old: SigningClient
) -> None:
    phone = make.phone()
    make.user(phone, password="correct horse")
    basic = {"Authorization": "Basic " + b64encode(f"{phone}:correct horse".encode()).decode()}
    unsigned_basic = signer.headers("POST", "/auth/basic-login")
    assert failure(signer.post("/auth/basic-login", headers={**unsigned_basic, **basic})) == WRONG
    signer.token = basic["Authorization"].removeprefix("Basic ")
    headers = signer.headers("POST", "/auth/basic-login")
    signer.token = None
    assert signer.post("/auth/basic-login", headers={**headers, **basic}).status_code == 200
    answer = old.post("/auth/basic-login", headers=basic, query_string=version_1(old, {}))
    assert failure(answer) == (400, "SIGNATURE_MALFORMED")


def test_request_of_version_1_cut_elsewhere_is_the_same_request(make: Factory, old: SigningClient) -> None:
    """Nothing stands between token, timestamp and nonce in its text: a nonce that begins with a time could be moved."""
    timestamp = str(int(time.time()))
    nonce = f"{timestamp}77"
    parameters = phone_body(make)
    signature = sign_v1(parameters, token="", timestamp=timestamp, nonce=nonce, secret=old.secret)
    sent = {**parameters, "appkey": old.appkey, "timestamp": timestamp, "nonce": nonce, "sign": signature}
    assert post_form(old, CODES, sent).status_code == 201
    cut_elsewhere = {**sent, "token": timestamp, "nonce": "77"}
    assert failure(post_form(old, CODES, cut_elsewhere)) == (401, "NONCE_USED")


def test_form_of_version_1_with_a_nul_is_400(old: SigningClient) -> None:
    answer = post_form(old, CODES, version_1(old, {"phone": "138\x00"}))
    assert failure(answer) == (400, "INVALID_FIELD")


def test_every_signable_operation_checks_the_signature_first(settings: Settings) -> None:
    app = start_app(settings)
    paths = app.test_client().get("/api/swagger.json").get_json()["paths"]
    for path, item in paths.items():
        for method in item.keys() - {"parameters"}:
            if "signed" in item[method].get("description", ""):
                signer = make_signing_client(app)
                signer.secret = "wrong"
                answer = signer.send(method.upper(), re.sub(r"{\w+}", "1", path), {"no_such_field": 1})
                assert failure(answer) == WRONG, path
    stop_app(app)


def test_login_check_above_validsign_does_not_start() -> None:
    with pytest.raises(TypeError, match="goes above"):
        login_check(validsign(lambda resource: None))


@pytest.mark.parametrize(
    ("arguments", "unsigned", "signed"),
    [
        ({"require_sign": True}, MISSING, (200, "SUCCESS")),
        ({"require_sign": False}, (200, "SUCCESS"), (200, "SUCCESS")),
        ({"require_token": True}, (401, "TOKEN_MISSING"), (401, "TOKEN_MISSING")),
    ],
)
def test_arguments_of_validsign_say_what_is_required(
    app: Flask, arguments: dict[str, bool], unsigned: tuple[int, str], signed: tuple[int, str]
) -> None:
    ns = Namespace("toys", path="/toys")

    @ns.route("")
    class Toy(Resource):
        @validsign(**arguments)
        @ns.answer()
        def get(self) -> None:
            """Tell nothing."""

    app.add_url_rule("/api/v1/toys", view_func=Toy.as_view("toys", Api()))
    assert failure(Client(app).get("/toys")) == unsigned
    assert failure(make_signing_client(app).send("GET", "/toys")) == signed


def test_app_key_whose_secret_cannot_be_decrypted_is_refused(app: Flask, settings: Settings, make: Factory) -> None:
    signer = make_signing_client(app)
    keys = {"encryption_keys": ["another key of more than 32 characters"]}
    for changed, expected in ((keys, 201), ({**keys, "secret_key": "z" * 40}, 401)):
        other = start_app(settings.model_copy(update=changed))
        signing_keys._decrypted.cache_clear()
        signer.app = other
        assert signer.send("POST", CODES, phone_body(make)).status_code == expected
        stop_app(other)


def test_version_1_enforces_window_and_nonce(make: Factory, old: SigningClient) -> None:
    sent = version_1(old, phone_body(make))
    assert post_form(old, CODES, sent).status_code == 201
    assert failure(post_form(old, CODES, sent)) == (401, "NONCE_USED")
    late = {**sent, "timestamp": str(int(time.time()) - 400)}
    assert failure(post_form(old, CODES, late)) == (401, "CLOCK_SKEW")


def test_version_1_is_refused_unless_the_app_key_allows_it(make: Factory, signer: SigningClient) -> None:
    assert failure(post_form(signer, CODES, version_1(signer, phone_body(make)))) == (401, "VERSION_1_REFUSED")


def test_what_version_1_does_not_cover_is_refused(make: Factory, old: SigningClient) -> None:
    query = version_1(old, {})
    answer = old.post(CODES, json=phone_body(make), query_string=query)
    assert failure(answer) == (400, "SIGNATURE_MALFORMED")
    answer = post_form(old, CODES, version_1(old, phone_body(make)), query="?purpose=login")
    assert failure(answer) == (400, "SIGNATURE_MALFORMED")


def test_form_without_signature_is_415(client: Client, make: Factory) -> None:
    assert failure(post_form(client, CODES, phone_body(make))) == (415, "UNSUPPORTED_MEDIA_TYPE")
