"""Places

Revision: 6c1f9a3d7e42, after 5b8e2d4a6c10
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '6c1f9a3d7e42'
down_revision = '5b8e2d4a6c10'
branch_labels = None
depends_on = None


def big_id():
    return sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def moment():
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    op.create_table('location',
    sa.Column('user_id', big_id(), autoincrement=False, nullable=False),
    sa.Column('latitude', sa.Double(), nullable=True),
    sa.Column('longitude', sa.Double(), nullable=True),
    sa.Column('placed_at', moment(), nullable=True),
    sa.Column('is_hidden', sa.Boolean(), nullable=False),
    sa.Column('updated_at', moment(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_auth.id'], name=op.f('fk_location_user_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_location')),
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('location', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_location_placed_at'), ['placed_at'], unique=False)


def downgrade() -> None:
    op.drop_table('location')
