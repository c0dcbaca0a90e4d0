"""Loading the adapter that a setting names. The vendors' packages are extras: imported when chosen, not before."""

from importlib import import_module
from typing import Any

from flask_api.settings import PREFIX, SettingsError

EXTRAS = "requirements-providers.txt"


def load_adapter(module: str, *, setting: str, value: str) -> Any:
    """Import an adapter's module, whose name is ours and never comes from outside.

    Args:
        setting: which setting chose it, and
        value: what it says, for the message.

    Raises:
        SettingsError: it stands on a package that is not installed.
    """
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] == "flask_api":
            raise
        advice = f"needs packages that are not installed: pip install -r {EXTRAS}"
        raise SettingsError(f"{PREFIX}{setting.upper()}: {value} {advice}") from None
