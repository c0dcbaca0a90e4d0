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
    # Going down leaves it where it has posts; SQL that is only printed is for an empty database.
    if op.get_context().as_sql or not _is_there():
        op.bulk_insert(category, [{"name": NAME, "post_count": 0}])


def _is_there() -> bool:
    return op.get_bind().execute(sa.select(category.c.name).where(category.c.name == NAME)).first() is not None


def downgrade() -> None:
    op.execute(category.delete().where(category.c.name == NAME, category.c.post_count == 0))
