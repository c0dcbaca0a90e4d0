"""Reports

Revision: 5b8e2d4a6c10, after 3f5a1c7e9b20
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '5b8e2d4a6c10'
down_revision = '3f5a1c7e9b20'
branch_labels = None
depends_on = None


def big_id():
    return sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def moment():
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def upgrade() -> None:
    op.create_table('report',
    sa.Column('id', big_id(), nullable=False),
    sa.Column('reporter_id', big_id(), nullable=False),
    sa.Column('user_id', big_id(), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('subject_id', big_id(), nullable=False),
    sa.Column('reason', sa.String(length=16), nullable=False),
    sa.Column('text', sa.String(length=1000), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('is_open', sa.Boolean(), nullable=True),
    sa.Column('note', sa.String(length=1000), nullable=False),
    sa.Column('created_at', moment(), nullable=False),
    sa.Column('resolved_at', moment(), nullable=True),
    sa.ForeignKeyConstraint(['reporter_id'], ['user_auth.id'], name=op.f('fk_report_reporter_id_user_auth'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['user_id'], ['user_auth.id'], name=op.f('fk_report_user_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_report')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('report', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_report_reporter_id_kind_subject_id_is_open'), ['reporter_id', 'kind', 'subject_id', 'is_open'], unique=True)
        batch_op.create_index(batch_op.f('ix_report_user_id'), ['user_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_report_state_id'), ['state', 'id'], unique=False)


def downgrade() -> None:
    op.drop_table('report')
