"""App keys

Revision: 024c66b37ab2, after 4c1d8e6f2a90
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '024c66b37ab2'
down_revision = '4c1d8e6f2a90'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('app_key',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('appkey', sa.String(length=32), nullable=False),
    sa.Column('name', sa.String(length=50), nullable=False),
    sa.Column('secret', sa.String(length=255), nullable=False),
    sa.Column('previous_secret', sa.String(length=255), nullable=True),
    sa.Column('previous_until', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=True),
    sa.Column('allows_version_1', sa.Boolean(), nullable=False),
    sa.Column('requests_per_minute', sa.Integer(), nullable=True),
    sa.Column('disabled_at', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=True),
    sa.Column('created_at', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_app_key')),
    sa.UniqueConstraint('appkey', name=op.f('uq_app_key_appkey')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )


def downgrade() -> None:
    op.drop_table('app_key')
