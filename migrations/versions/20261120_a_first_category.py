"""A first category, so that a newcomer can write a post before there is an admin

Revision: 4c1d8e6f2a90, after 2b6aae04fd46
"""

import sqlalchemy as sa
from alembic import op

revision = "4c1d8e6f2a90"
down_revision = "2b6aae04fd46"
branch_labels = None
depends_on = None

category = sa.table("blog_category", sa.column("name", sa.String), sa.column("post_count", sa.Integer))
NAME = "Everyday"


def upgrade() -> None:
    op.bulk_insert(category, [{"name": NAME, "post_count": 0}])


def downgrade() -> None:
    op.execute(category.delete().where(category.c.name == NAME, category.c.post_count == 0))
