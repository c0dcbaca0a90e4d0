"""Reports

Revision: 5b8e2d4a6c10, after 3f5a1c7e9b20
"""


revision = '5b8e2d4a6c10'
down_revision = '3f5a1c7e9b20'
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
