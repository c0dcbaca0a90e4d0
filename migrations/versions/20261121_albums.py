"""Albums: the state of a photo, the upload it is made of, and which one is the avatar

Revision: 8e3b1c5f9a64, after 7d2a0b4e8f53

The photos of the release before are approved, and so are those that it adds.
"""

import sqlalchemy as sa
from alembic import op

revision = '8e3b1c5f9a64'
down_revision = '7d2a0b4e8f53'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('user_album', sa.Column('thumbnail_url', sa.String(length=255), nullable=True))
    op.add_column('user_album', sa.Column('state', sa.String(length=16), server_default='approved', nullable=False))
    op.add_column('user_album', sa.Column('reason', sa.String(length=32), nullable=True))
    op.add_column('user_album', sa.Column('is_avatar', sa.Boolean(), server_default='0', nullable=False))
    op.add_column('user_album', sa.Column('upload_id', sa.BigInteger().with_variant(sa.Integer(), 'sqlite'), nullable=True))
    with op.batch_alter_table('user_album', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_album_upload_id'), ['upload_id'], unique=True)
        batch_op.create_index(batch_op.f('ix_user_album_state_id'), ['state', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('user_album', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_album_state_id'))
        batch_op.drop_index(batch_op.f('ix_user_album_upload_id'))
    for name in ('upload_id', 'is_avatar', 'reason', 'state', 'thumbnail_url'):
        op.drop_column('user_album', name)
