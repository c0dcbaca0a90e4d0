"""What Aliyun gets is what Aliyun's own library sends."""

import json

import pytest
from alibabacloud_dysmsapi20170525.client import Client as VendorsClient
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.utils import Utils
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.request import DaraRequest

from flask_api.providers.sms import SMSError, SMSProvider, make_sms_provider
from flask_api.settings import Settings
from tests.services.upstream import Upstream
from tests.sms.vendors import ALIYUN, KEY_ID, KEY_SECRET, aliyun_answer, signed_by_aliyun

OF_THE_TRANSPORT = {"connection", "accept-encoding", "content-length"}


@pytest.fixture
def provider(upstream: Upstream, settings: Settings) -> SMSProvider:
    upstream.answer = aliyun_answer
    return make_sms_provider(settings.model_copy(update={**ALIYUN.settings, "aliyun_endpoint": upstream.url}))


def test_request_is_the_one_that_the_vendors_client_sends(provider: SMSProvider, upstream: Upstream) -> None:
    provider.send_code("+8613800138000", "012345", 5)
    config = Config(access_key_id=KEY_ID, access_key_secret=KEY_SECRET, protocol="http")
    config.endpoint = upstream.url.removeprefix("http://")
    variables = json.dumps({"code": "012345", "minutes": "5"})
    names = {"sign_name": "阿里云短信测试", "template_code": "SMS_154950909"}
    told = SendSmsRequest(phone_numbers="8613800138000", template_param=variables, **names)
    assert VendorsClient(config).send_sms(told).body.code == "OK"
    ours, theirs = upstream.requests
    assert (ours.method, ours.path, ours.query, ours.body) == (theirs.method, theirs.path, theirs.query, theirs.body)
    assert ours.query["TemplateParam"] == variables
    assert theirs.headers.keys() ^ ours.headers.keys() <= OF_THE_TRANSPORT
    same = {"host", "user-agent", "accept", "x-acs-action", "x-acs-version", "x-acs-content-sha256"}
    assert {name: ours.headers[name] for name in same} == {name: theirs.headers[name] for name in same}
    assert ours.headers["x-acs-signature-nonce"] != theirs.headers["x-acs-signature-nonce"]


def test_wrong_secret_is_refused_by_the_vendors_signer(upstream: Upstream, settings: Settings) -> None:
    upstream.answer = aliyun_answer
    wrong = {**ALIYUN.settings, "aliyun_endpoint": upstream.url, "aliyun_access_key_secret": "another"}
    with pytest.raises(SMSError):
        make_sms_provider(settings.model_copy(update=wrong)).send_code("+8613800138000", "012345", 5)
    assert upstream.requests[0].headers["authorization"] != signed_by_aliyun(upstream.requests[0])


def test_vendors_signer_makes_the_signature_that_the_vendor_has_published() -> None:
    """help.aliyun.com, "V3 request structure and signature": the example with fixed parameters."""
    request = DaraRequest()
    request.method, request.pathname = "POST", "/"
    request.query = {"ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd", "RegionId": "cn-shanghai"}
    digest = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    request.headers = {
        "host": "ecs.cn-shanghai.aliyuncs.com",
        "x-acs-action": "RunInstances",
        "x-acs-content-sha256": digest,
        "x-acs-date": "2023-10-26T10:22:32Z",
        "x-acs-signature-nonce": "3156853299f313e23d1673dc12e1703d",
        "x-acs-version": "2014-05-26",
    }
    made = Utils.get_authorization(request, "ACS3-HMAC-SHA256", digest, "YourAccessKeyId", "YourAccessKeySecret")
    assert made.endswith("Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0")


def test_without_an_endpoint_it_is_aliyuns_own(settings: Settings) -> None:
    provider = make_sms_provider(settings.model_copy(update=ALIYUN.settings))
    assert provider._client._endpoint == "dysmsapi.aliyuncs.com"  # type: ignore[attr-defined]
