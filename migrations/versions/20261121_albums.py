"""Albums

Revision: 8e3b1c5f9a64, after 7d2a0b4e8f53
"""


revision = '8e3b1c5f9a64'
down_revision = '7d2a0b4e8f53'
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
