"""Labels

Revision: 7d2a0b4e8f53, after 6c1f9a3d7e42
"""


revision = '7d2a0b4e8f53'
down_revision = '6c1f9a3d7e42'
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
