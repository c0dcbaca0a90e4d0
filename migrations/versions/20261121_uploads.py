"""Uploads

Revision: 8ab3e5170fd2, after 19f6c2d8a4e7
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '8ab3e5170fd2'
down_revision = '19f6c2d8a4e7'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('upload',
    sa.Column('id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('user_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('state', sa.String(length=16), nullable=False),
    sa.Column('reason', sa.String(length=32), nullable=True),
    sa.Column('content_type', sa.String(length=64), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.Column('incoming_key', sa.String(length=100).with_variant(mysql.VARCHAR(length=100, collation='utf8mb4_bin'), 'mysql'), nullable=False),
    sa.Column('key', sa.String(length=100), nullable=True),
    sa.Column('thumbnail_key', sa.String(length=100), nullable=True),
    sa.Column('width', sa.Integer(), nullable=True),
    sa.Column('height', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
    sa.Column('expires_at', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
    sa.Column('used_at', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=True),
    sa.Column('delete_after', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_auth.id'], name=op.f('fk_upload_user_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_upload')),
    sa.UniqueConstraint('incoming_key', name=op.f('uq_upload_incoming_key')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('upload', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_upload_delete_after'), ['delete_after'], unique=False)
        batch_op.create_index(batch_op.f('ix_upload_user_id_created_at'), ['user_id', 'created_at'], unique=False)
        batch_op.create_index(batch_op.f('ix_upload_user_id_id'), ['user_id', 'id'], unique=False)

    op.create_table('stored_object',
    sa.Column('key', sa.String(length=100).with_variant(mysql.VARCHAR(length=100, collation='utf8mb4_bin'), 'mysql'), nullable=False),
    sa.Column('upload_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True),
    sa.Column('delete_after', sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=True),
    sa.ForeignKeyConstraint(['upload_id'], ['upload.id'], name=op.f('fk_stored_object_upload_id_upload'), ondelete='SET NULL'),
    sa.PrimaryKeyConstraint('key', name=op.f('pk_stored_object')),
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('stored_object', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_stored_object_delete_after'), ['delete_after'], unique=False)
        batch_op.create_index(batch_op.f('ix_stored_object_upload_id_delete_after'), ['upload_id', 'delete_after'], unique=False)


def downgrade() -> None:
    op.drop_table('stored_object')
    op.drop_table('upload')
