"""Albums: the state of a photo, the upload it is made of, and which one is the avatar

Revision: 8e3b1c5f9a64, after 7d2a0b4e8f53

The photos of the release before are approved, and so are those that it adds. It shows all that are there: on the way
down the others go, and their files with them.
"""

from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

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


def delete_unapproved() -> None:
    """Delete photos that others must not see, and let go of their uploads as uploads/services.py does."""
    moment = sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')
    album = sa.table('user_album', sa.column('state'), sa.column('upload_id'))
    upload = sa.table(
        'upload', sa.column('id'), sa.column('state'), sa.column('used_at', moment), sa.column('delete_after', moment)
    )
    stored = sa.table('stored_object', sa.column('upload_id'), sa.column('delete_after', moment))
    unapproved = album.c.state != 'approved'
    ids = sa.select(album.c.upload_id).where(unapproved, album.c.upload_id.is_not(None))
    now = datetime.now(UTC).replace(tzinfo=None)
    in_use = stored.c.upload_id.in_(ids) & stored.c.delete_after.is_(None)
    op.execute(stored.update().where(in_use).values(delete_after=now))
    let_go = {'state': 'deleted', 'used_at': None, 'delete_after': now + timedelta(days=1)}
    op.execute(upload.update().where(upload.c.id.in_(ids)).values(**let_go))
    op.execute(album.delete().where(unapproved))


def downgrade() -> None:
    delete_unapproved()
    with op.batch_alter_table('user_album', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_album_state_id'))
        batch_op.drop_index(batch_op.f('ix_user_album_upload_id'))
    for name in ('upload_id', 'is_avatar', 'reason', 'state', 'thumbnail_url'):
        op.drop_column('user_album', name)
