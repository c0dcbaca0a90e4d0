"""Places

Revision: 6c1f9a3d7e42, after 5b8e2d4a6c10
"""


revision = '6c1f9a3d7e42'
down_revision = '5b8e2d4a6c10'
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
