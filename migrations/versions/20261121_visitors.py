"""Visitors and entitlements

Revision: 9f4c2d6a0b75, after 8e3b1c5f9a64
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '9f4c2d6a0b75'
down_revision = '8e3b1c5f9a64'
branch_labels = None
depends_on = None


def big_id():
    return sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def moment():
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    op.add_column('user_info', sa.Column('is_invisible', sa.Boolean(), server_default='0', nullable=False))
    op.create_table('visitor',
    sa.Column('id', big_id(), nullable=False),
    sa.Column('host_id', big_id(), nullable=False),
    sa.Column('visitor_id', big_id(), nullable=False),
    sa.Column('day', sa.Date(), nullable=False),
    sa.Column('visited_at', moment(), nullable=False),
    sa.ForeignKeyConstraint(['host_id'], ['user_auth.id'], name=op.f('fk_visitor_host_id_user_auth'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['visitor_id'], ['user_auth.id'], name=op.f('fk_visitor_visitor_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_visitor')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('visitor', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_visitor_host_id_visitor_id_day'), ['host_id', 'visitor_id', 'day'], unique=True)
        batch_op.create_index(batch_op.f('ix_visitor_host_id_id'), ['host_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_visitor_visitor_id'), ['visitor_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_visitor_visited_at'), ['visited_at'], unique=False)

    op.create_table('entitlement',
    sa.Column('user_id', big_id(), autoincrement=False, nullable=False),
    sa.Column('name', sa.String(length=32), nullable=False),
    sa.Column('until', moment(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_auth.id'], name=op.f('fk_entitlement_user_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'name', name=op.f('pk_entitlement')),
    mysql_charset='utf8mb4',
    )


def downgrade() -> None:
    op.drop_table('entitlement')
    op.drop_table('visitor')
    op.drop_column('user_info', 'is_invisible')
