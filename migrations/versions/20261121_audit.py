"""Audit

Revision: 7d3a51c09e46, after 024c66b37ab2
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '7d3a51c09e46'
down_revision = '024c66b37ab2'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('audit_entry',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('at', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
    sa.Column('action', sa.String(length=32), nullable=False),
    sa.Column('actor_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('subject_kind', sa.String(length=16), nullable=False),
    sa.Column('subject_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('address', sa.String(length=45), nullable=False),
    sa.Column('request_id', sa.String(length=64), nullable=False),
    sa.Column('details', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_entry')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('audit_entry', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_audit_entry_action_at_id'), ['action', 'at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_actor_id_at_id'), ['actor_id', 'at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_at_id'), ['at', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_audit_entry_subject_kind_subject_id_at_id'), ['subject_kind', 'subject_id', 'at', 'id'], unique=False)


def downgrade() -> None:
    op.drop_table('audit_entry')
