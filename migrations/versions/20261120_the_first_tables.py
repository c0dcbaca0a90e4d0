"""The first tables

Revision: 2b6aae04fd46, after
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = "2b6aae04fd46"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "blog_category",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column(
            "name",
            sa.String(length=50).with_variant(mysql.VARCHAR(collation="utf8mb4_bin", length=50), "mysql"),
            nullable=False,
        ),
        sa.Column("post_count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blog_category")),
        sa.UniqueConstraint("name", name=op.f("uq_blog_category_name")),
        mysql_charset="utf8mb4",
    )
    op.create_table(
        "user_auth",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        sa.Column("password_hash", sa.String(length=255), nullable=True),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("token_generation", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
        sa.Column("last_login_at", sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=True),
        sa.Column("delete_after", sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_auth")),
        sa.UniqueConstraint("phone", name=op.f("uq_user_auth_phone")),
        sqlite_autoincrement=True,
        mysql_charset="utf8mb4",
    )
    with op.batch_alter_table("user_auth", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_auth_delete_after"), ["delete_after"], unique=False)
        batch_op.create_index(batch_op.f("ix_user_auth_role_id"), ["role", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_user_auth_status_id"), ["status", "id"], unique=False)

    op.create_table(
        "blog_post",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("title", sa.String(length=100), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("category_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("author_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
        sa.Column("updated_at", sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_auth.id"], name=op.f("fk_blog_post_author_id_user_auth"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["category_id"], ["blog_category.id"], name=op.f("fk_blog_post_category_id_blog_category")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_blog_post")),
        sqlite_autoincrement=True,
        mysql_charset="utf8mb4",
    )
    with op.batch_alter_table("blog_post", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_blog_post_author_id_id"), ["author_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_blog_post_category_id_id"), ["category_id", "id"], unique=False)
        batch_op.create_index(batch_op.f("ix_blog_post_created_at_id"), ["created_at", "id"], unique=False)

    op.create_table(
        "user_album",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("caption", sa.String(length=200), nullable=False),
        sa.Column("url", sa.String(length=255), nullable=False),
        sa.Column("created_at", sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_auth.id"], name=op.f("fk_user_album_user_id_user_auth"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_album")),
        sqlite_autoincrement=True,
        mysql_charset="utf8mb4",
    )
    with op.batch_alter_table("user_album", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_user_album_user_id_position"), ["user_id", "position"], unique=False)

    op.create_table(
        "user_info",
        sa.Column("user_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("nickname", sa.String(length=30), nullable=False),
        sa.Column("gender", sa.String(length=16), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("avatar", sa.String(length=255), nullable=True),
        sa.Column("emotional_state", sa.String(length=16), nullable=True),
        sa.Column("height_cm", sa.Integer(), nullable=True),
        sa.Column("orientation", sa.String(length=16), nullable=True),
        sa.Column("education", sa.String(length=16), nullable=True),
        sa.Column("salary", sa.String(length=16), nullable=True),
        sa.Column("visibility", sa.String(length=16), nullable=False),
        sa.Column("bio", sa.Text(), nullable=False),
        sa.Column("updated_at", sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql"), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_auth.id"], name=op.f("fk_user_info_user_id_user_auth"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_user_info")),
        mysql_charset="utf8mb4",
    )


def downgrade() -> None:
    for table in ("user_info", "user_album", "blog_post", "user_auth", "blog_category"):
        op.drop_table(table)  # and its indexes: MySQL drops none alone that a foreign key needs
