"""The vendors of SMS on loopback. Each looks at what arrives with the vendor's own library, as the real one would."""

import json
import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from alibabacloud_tea_openapi.utils import Utils
from darabonba.request import DaraRequest

from tests.services.upstream import Reply, Request

JSON = {"Content-Type": "application/json"}
KEY_ID, KEY_SECRET = "LTAI5tSoloTest", "k3y-s3cr3t-of-a-test"
ACCOUNT, AUTH_TOKEN = "AC" + "0" * 32, "t0k3n-of-a-test"
DAY = 86400


@dataclass(frozen=True)
class Vendor:
    """How Solo is told to use a vendor, how the vendor answers, and what was sent to whom."""

    name: str
    settings: dict[str, Any]
    answer: Callable[[Request], Reply]
    refusals: dict[str, Callable[[Request], Reply]]
    read: Callable[[Request], tuple[str, str]]


def aliyun_answer(request: Request) -> Reply:
    """Send, if the request is signed as Aliyun's own signer signs it (version 3)."""
    if request.headers["authorization"] != signed_by_aliyun(request):
        return 400, JSON, json.dumps({"Code": "SignatureDoesNotMatch", "Message": "no"}).encode()
    told = time.strptime(request.headers["x-acs-date"], "%Y-%m-%dT%H:%M:%SZ")
    assert abs(time.mktime(told) - time.mktime(time.gmtime())) < 900
    assert (request.headers["x-acs-action"], request.headers["x-acs-version"]) == ("SendSms", "2017-05-25")
    return aliyun_code("OK")(request)


def signed_by_aliyun(request: Request) -> str:
    """Return the Authorization that Aliyun's library makes for what arrived."""
    names = request.headers["authorization"].partition("SignedHeaders=")[2].partition(",")[0].split(";")
    assert {"host", "x-acs-action", "x-acs-content-sha256", "x-acs-date", "x-acs-signature-nonce"} <= {*names}
    arrived = DaraRequest()
    arrived.method, arrived.pathname, arrived.query = request.method, request.path, request.query
    arrived.headers = {name: request.headers[name] for name in names}
    digest = Utils.hash(request.body, "ACS3-HMAC-SHA256").hex()
    assert request.headers["x-acs-content-sha256"] == digest
    return str(Utils.get_authorization(arrived, "ACS3-HMAC-SHA256", digest, KEY_ID, KEY_SECRET))


def aliyun_code(code: str, status: int = 200) -> Callable[[Request], Reply]:
    """Answer as Aliyun documents it for SendSms."""
    body = {"Code": code, "Message": "to 13800138000", "BizId": "9006195…^0", "RequestId": "F655A8D5"}
    return lambda _: (status, JSON, json.dumps(body).encode())


def twilio_answer(request: Request) -> Reply:
    """Take a message as Twilio does: HTTP Basic, a form, 201."""
    expected = b64encode(f"{ACCOUNT}:{AUTH_TOKEN}".encode()).decode()
    if request.headers["authorization"] != f"Basic {expected}":
        return 401, JSON, json.dumps({"code": 20003, "message": "Authenticate", "status": 401}).encode()
    assert (request.method, request.path) == ("POST", f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    message = {"sid": "SM" + "0" * 32, "status": "queued", "error_code": None, "to": request.form()["To"]}
    return 201, JSON, json.dumps(message).encode()


def twilio_error(status: int, code: int) -> Callable[[Request], Reply]:
    """Answer as Twilio documents it for errors; the text names the phone."""

    def answer(request: Request) -> Reply:
        body = {"code": code, "message": f"The 'To' number {request.form()['To']} is not valid", "status": status}
        return status, JSON, json.dumps(body).encode()

    return answer


def twilio_failed(request: Request) -> Reply:
    """Take the message, and say in the same answer that it failed."""
    body = {"sid": "SM" + "0" * 32, "status": "failed", "error_code": 30006, "to": request.form()["To"]}
    return 201, JSON, json.dumps(body).encode()


def _read_aliyun(request: Request) -> tuple[str, str]:
    return f"+{request.query['PhoneNumbers']}", json.loads(request.query["TemplateParam"])["code"]


def _read_twilio(request: Request) -> tuple[str, str]:
    return request.form()["To"], request.form()["Body"][:6]


ALIYUN = Vendor(
    "aliyun",
    {
        "sms_provider": "aliyun",
        "aliyun_access_key_id": KEY_ID,
        "aliyun_access_key_secret": KEY_SECRET,
        "aliyun_sign_name": "阿里云短信测试",
        "aliyun_template_code": "SMS_154950909",
    },
    aliyun_answer,
    {
        "isv.BUSINESS_LIMIT_CONTROL": aliyun_code("isv.BUSINESS_LIMIT_CONTROL"),
        "isv.AMOUNT_NOT_ENOUGH": aliyun_code("isv.AMOUNT_NOT_ENOUGH"),
        "isv.MOBILE_NUMBER_ILLEGAL": aliyun_code("isv.MOBILE_NUMBER_ILLEGAL"),
        "InvalidAccessKeyId.NotFound": aliyun_code("InvalidAccessKeyId.NotFound", 404),
    },
    _read_aliyun,
)
TWILIO = Vendor(
    "twilio",
    {
        "sms_provider": "twilio",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_token": AUTH_TOKEN,
        "twilio_from": "+15005550006",
    },
    twilio_answer,
    {
        "21211": twilio_error(400, 21211),
        "20429": twilio_error(429, 20429),
        "20003": twilio_error(401, 20003),
        "30006": twilio_failed,
    },
    _read_twilio,
)
VENDORS = (ALIYUN, TWILIO)
