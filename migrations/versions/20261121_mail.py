"""Mail

Revision: e07a5b3c18d4, after c41d7f0e92b5
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = 'e07a5b3c18d4'
down_revision = 'c41d7f0e92b5'
branch_labels = None
depends_on = None


def big_id():
    return sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def moment():
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def exact_text(length):
    return sa.String(length=length).with_variant(mysql.VARCHAR(collation='utf8mb4_bin', length=length), 'mysql')


def upgrade() -> None:
    # Not in a batch: SQLite adds and drops a column without making the table anew.
    op.add_column('user_auth', sa.Column('email', exact_text(254), nullable=True))
    op.create_index(op.f('ix_user_auth_email'), 'user_auth', ['email'], unique=True)
    op.create_table('account_export',
    sa.Column('id', big_id(), nullable=False),
    sa.Column('user_id', big_id(), nullable=False),
    sa.Column('key', exact_text(64), nullable=False),
    sa.Column('created_at', moment(), nullable=False),
    sa.Column('ready_at', moment(), nullable=True),
    sa.Column('expires_at', moment(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_auth.id'], name=op.f('fk_account_export_user_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account_export')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('account_export', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_export_expires_at'), ['expires_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_account_export_user_id_expires_at'), ['user_id', 'expires_at'], unique=False)


def downgrade() -> None:
    op.drop_table('account_export')
    op.drop_index(op.f('ix_user_auth_email'), table_name='user_auth')
    op.drop_column('user_auth', 'email')
