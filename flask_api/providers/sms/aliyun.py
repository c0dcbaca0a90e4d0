"""SMS by Aliyun (Alibaba Cloud, dysmsapi 2017-05-25). Its own library shapes, signs and reads; ``fetch`` carries.

The library's transport bounds each read from the network, but neither the whole call nor the answer's size, and follows
redirects; it has no place where another one could be put. So its client is used up to ``call_api``, through which all
its calls go, and what that would do, sign (signature version 3) and send, is done here with the library's own signer.
"""

import json
from typing import Any
from urllib.parse import urlsplit

from alibabacloud_dysmsapi20170525.client import Client
from alibabacloud_dysmsapi20170525.models import SendSmsRequest
from alibabacloud_tea_openapi.utils import Utils
from alibabacloud_tea_openapi.utils_models import Config, OpenApiRequest, Params
from darabonba.core import DaraCore
from darabonba.request import DaraRequest
from darabonba.runtime import RuntimeOptions

from flask_api.providers.sms.sending import failed, refused, send
from flask_api.settings import Settings

ALGORITHM = "ACS3-HMAC-SHA256"
OK = "OK"


class OverFetch(Client):
    """The library's client, whose calls are carried by ``fetch``."""

    def __init__(self, config: Config, timeout: float) -> None:
        super().__init__(config)
        self.timeout = timeout

    def call_api(self, params: Params, request: OpenApiRequest, runtime: RuntimeOptions) -> dict[str, Any]:
        """Send what the library has shaped, and return the answer as it wants it.

        Raises:
            SMSError: no answer came that can be read.
        """
        signed = self._sign(params, request)
        answer = send(signed.method, DaraCore.compose_url(signed), headers=signed.headers, timeout=self.timeout)
        try:
            body = json.loads(answer.body)
        except (ValueError, RecursionError):
            body = None
        if not isinstance(body, dict):
            raise failed("garbage")
        return {"body": body, "headers": dict(answer.headers), "statusCode": answer.status}

    def _sign(self, params: Params, request: OpenApiRequest) -> DaraRequest:
        credential = self._credential.get_credential()
        signed = DaraRequest()
        signed.protocol = self._protocol or params.protocol
        signed.method, signed.pathname, signed.query = params.method, params.pathname, request.query
        digest = Utils.hash(b"", ALGORITHM).hex()  # all that is said is in the query
        signed.headers = {
            "host": self._endpoint,
            "x-acs-version": params.version,
            "x-acs-action": params.action,
            "user-agent": Utils.get_user_agent(self._user_agent),
            "x-acs-date": Utils.get_timestamp(),
            "x-acs-signature-nonce": Utils.get_nonce(),
            "accept": "application/json",
            "x-acs-content-sha256": digest,
            "x-acs-credentials-provider": credential.provider_name,
        }
        key, secret = credential.access_key_id, credential.access_key_secret
        signed.headers["Authorization"] = Utils.get_authorization(signed, ALGORITHM, digest, key, secret)
        return signed


class AliyunSMS:
    """Sends a template of an Aliyun account, with the variables ``code`` and ``minutes``."""

    offline = False

    def __init__(self, values: Settings) -> None:
        config = Config(access_key_id=values.aliyun_access_key_id, access_key_secret=values.aliyun_access_key_secret)
        if values.aliyun_endpoint:
            place = urlsplit(values.aliyun_endpoint)
            config.protocol, config.endpoint = place.scheme, place.netloc
        self._client = OverFetch(config, values.outside_timeout)
        self._template = {"sign_name": values.aliyun_sign_name, "template_code": values.aliyun_template_code}

    def send_code(self, phone: str, code: str, minutes: int) -> None:
        variables = json.dumps({"code": code, "minutes": str(minutes)})
        number = phone.removeprefix("+")  # abroad they take no plus, and in China either
        request = SendSmsRequest(phone_numbers=number, template_param=variables, **self._template)
        answer = self._client.send_sms_with_options(request, RuntimeOptions()).body
        if answer is None or not answer.code or not isinstance(answer.code, str):
            raise failed("garbage")
        if answer.code != OK:
            raise refused(answer.code)


def make_provider(values: Settings) -> AliyunSMS:
    return AliyunSMS(values)
