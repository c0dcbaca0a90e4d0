"""Jobs

Revision: c41d7f0e92b5, after 5e0c94d71b3a
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = 'c41d7f0e92b5'
down_revision = '5e0c94d71b3a'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('job',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('name', sa.String(length=200).with_variant(mysql.VARCHAR(collation='utf8mb4_bin', length=200), 'mysql'), nullable=False),
    sa.Column('arguments', sa.Text().with_variant(mysql.MEDIUMTEXT(), 'mysql'), nullable=False),
    sa.Column('request_id', sa.String(length=64), nullable=True),
    sa.Column('created_at', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
    sa.Column('due_at', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
    sa.Column('attempts', sa.Integer(), nullable=False),
    sa.Column('last_error', sa.String(length=300), nullable=True),
    sa.Column('died_at', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_job')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('job', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_job_died_at_due_at'), ['died_at', 'due_at'], unique=False)

    op.create_table('schedule',
    sa.Column('name', sa.String(length=200).with_variant(mysql.VARCHAR(collation='utf8mb4_bin', length=200), 'mysql'), nullable=False),
    sa.Column('next_at', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_schedule')),
    mysql_charset='utf8mb4',
    )


def downgrade() -> None:
    op.drop_table('schedule')
    op.drop_table('job')
