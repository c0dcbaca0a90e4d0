"""Sending SMS codes: by a vendor, or for development by the console."""

from flask_api.providers.adapters import load_adapter
from flask_api.providers.sms.sending import SMSError, SMSProvider
from flask_api.settings import Settings

__all__ = ["SMSError", "SMSProvider", "make_sms_provider"]


def make_sms_provider(values: Settings) -> SMSProvider:
    """Return the provider that the settings name.

    Raises:
        SettingsError: its packages are not installed.
    """
    name = values.sms_provider
    module = load_adapter(f"{__name__}.{name}", setting="sms_provider", value=name)
    provider: SMSProvider = module.make_provider(values)
    return provider
