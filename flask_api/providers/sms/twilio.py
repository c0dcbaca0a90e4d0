"""SMS by Twilio. Its own library makes the request and reads the answer; ``fetch`` carries both.

The library is told how to speak HTTP at its own extension point, ``HttpClient``. What it brings itself bounds each read
from the network, but neither the whole call nor the answer's size.
"""

import logging
from base64 import b64encode
from typing import Any
from urllib.parse import urlencode

from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client

from flask_api.providers.sms.sending import failed, refused, send
from flask_api.settings import Settings

SERVICE_PREFIX = "MG"  # of the SID of a messaging service, which chooses the number itself


class OverFetch(HttpClient):
    """Carries what Twilio's library asks for."""

    def __init__(self, timeout: float) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False, timeout=timeout)

    def request(
        self,
        method: str,
        uri: str,
        params: dict[str, Any] | None = None,
        data: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        sent = dict(headers or {})
        if auth is not None:
            sent["Authorization"] = f"Basic {b64encode(':'.join(auth).encode()).decode()}"
        url = f"{uri}?{urlencode(params)}" if params else uri
        body = urlencode(data or {}, doseq=True).encode()
        answer = send(method, url, headers=sent, body=body, timeout=timeout or self.timeout)
        return Response(answer.status, answer.body.decode("utf-8", "replace"), answer.headers)


class TwilioSMS:
    """Sends texts through an account of Twilio."""

    offline = False

    def __init__(self, values: Settings) -> None:
        over_fetch = OverFetch(values.outside_timeout)
        self._client = Client(values.twilio_account_sid, values.twilio_auth_token, http_client=over_fetch)
        if values.twilio_endpoint:
            self._client.api.base_url = values.twilio_endpoint
        sender = values.twilio_from
        self._sender = {"messaging_service_sid" if sender.startswith(SERVICE_PREFIX) else "from_": sender}

    def send_code(self, phone: str, code: str, minutes: int) -> None:
        text = f"{code} is your code for Solo. It is valid for {minutes} min."
        try:
            message = self._client.messages.create(to=phone, body=text, **self._sender)
        except TwilioRestException as error:  # its text has the phone
            refusal = refused(error.code or error.status) if error.status >= 400 else failed("garbage")
            raise refusal from None
        except (TwilioException, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            raise failed("garbage") from None
        if message.sid is None:
            raise failed("garbage")
        if message.error_code is not None:
            raise refused(message.error_code)


def make_provider(values: Settings) -> TwilioSMS:
    return TwilioSMS(values)
