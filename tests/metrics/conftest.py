"""What tests of metrics share."""

from tests.accounts.conftest import cheap_hashes, costly_hashes

__all__ = ["cheap_hashes", "costly_hashes"]  # fixtures for every test here too
