"""The phones of demo people."""

import phonenumbers

from flask_api.cli.demo.phones import PREFIXES, Phones, admin_phone


def test_phones_are_valid_and_differ() -> None:
    for prefix in PREFIXES:
        for tail in ("00000000", "31415926", "99999999"):
            assert phonenumbers.is_valid_number(phonenumbers.parse(f"+86{prefix}{tail}"))
    phones = Phones(1)
    some = [phones[index] for index in range(20_000)]
    assert len(set(some)) == len(some)
    assert len({phone[3:6] for phone in some}) == len(PREFIXES)
    assert phonenumbers.is_valid_number(phonenumbers.parse(admin_phone(1)))
