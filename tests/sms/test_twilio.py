"""What Twilio gets is what Twilio's own library sends."""

import pytest
from twilio.rest import Client as VendorsClient

from flask_api.providers.sms import SMSProvider, make_sms_provider
from flask_api.settings import Settings
from tests.services.upstream import Upstream
from tests.sms.vendors import ACCOUNT, AUTH_TOKEN, TWILIO, twilio_answer

TEXT = "012345 is your code for Solo. It is valid for 5 min."


def provider(upstream: Upstream, settings: Settings, **changes: str) -> SMSProvider:
    upstream.answer = twilio_answer
    told = {**TWILIO.settings, "twilio_endpoint": upstream.url, **changes}
    return make_sms_provider(settings.model_copy(update=told))


@pytest.mark.parametrize(
    ("sender", "argument"), [("+15005550006", "from_"), ("MG" + "0" * 32, "messaging_service_sid")]
)
def test_request_is_the_one_that_the_vendors_client_sends(
    upstream: Upstream, settings: Settings, sender: str, argument: str
) -> None:
    provider(upstream, settings, twilio_from=sender).send_code("+8613800138000", "012345", 5)
    theirs_to_send = VendorsClient(ACCOUNT, AUTH_TOKEN)
    theirs_to_send.api.base_url = upstream.url
    theirs_to_send.messages.create(to="+8613800138000", body=TEXT, **{argument: sender})
    ours, theirs = upstream.requests
    assert (ours.method, ours.path, ours.query, ours.form()) == (
        theirs.method,
        theirs.path,
        theirs.query,
        theirs.form(),
    )
    assert ours.form()["Body"] == TEXT
    for name in ("host", "authorization", "content-type", "accept", "user-agent"):
        assert ours.headers[name] == theirs.headers[name]


def test_without_an_endpoint_it_is_twilios_own(settings: Settings) -> None:
    made = make_sms_provider(settings.model_copy(update=TWILIO.settings))
    assert made._client.api.base_url == "https://api.twilio.com"  # type: ignore[attr-defined]
