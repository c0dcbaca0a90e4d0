"""Filters together

Revision: 5e0c94d71b3a, after b8e2f40a6c17
"""

from alembic import op

revision = '5e0c94d71b3a'
down_revision = 'b8e2f40a6c17'
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table('blog_post', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_blog_post_author_id_category_id_id'), ['author_id', 'category_id', 'id'], unique=False)

    with op.batch_alter_table('user_auth', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_auth_role_status_id'), ['role', 'status', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('user_auth', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_user_auth_role_status_id'))

    with op.batch_alter_table('blog_post', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_blog_post_author_id_category_id_id'))
