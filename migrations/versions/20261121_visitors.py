"""Visitors and entitlements

Revision: 9f4c2d6a0b75, after 8e3b1c5f9a64
"""


revision = '9f4c2d6a0b75'
down_revision = '8e3b1c5f9a64'
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
