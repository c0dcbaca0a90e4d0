"""Phone numbers in one form: E.164, such as +8613800138000."""

import phonenumbers

from flask_api.core.errors import InvalidField
from flask_api.extensions import settings


def normalise(text: str, *, field: str = "phone") -> str:
    """Return ``text`` as E.164; without a country code it is of ``settings.phone_region``.

    Raises:
        InvalidField: no such number can exist.
    """
    try:
        number = phonenumbers.parse(text, settings.phone_region)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        message = "is not a phone number"
        raise InvalidField(f"{field} {message}", field=field, errors=[{"field": field, "message": message}])
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
