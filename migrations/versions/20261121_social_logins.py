"""Social logins

Revision: 19f6c2d8a4e7, after e07a5b3c18d4

An account that Google made has no phone. Going down, it gets a text in the phone's place that is none, so that nothing
of it is lost and nobody can log in by it; going up again, that becomes no phone again. What is lost on the way down is
which account belongs to whom at Google: accounts without a phone can then be entered by nobody.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '19f6c2d8a4e7'
down_revision = 'e07a5b3c18d4'
branch_labels = None
depends_on = None

NO_PHONE = 'none:'


def big_id():
    return sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def moment():
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def exact_text(length):
    return sa.String(length=length).with_variant(mysql.VARCHAR(collation='utf8mb4_bin', length=length), 'mysql')


def user_auth(*, phone_nullable):
    """The table as it is before the change: SQLite changes a column by making the table anew."""
    return sa.Table('user_auth', sa.MetaData(),
    sa.Column('id', big_id(), nullable=False),
    sa.Column('phone', sa.String(length=20), nullable=phone_nullable),
    sa.Column('password_hash', sa.String(length=255), nullable=True),
    sa.Column('role', sa.String(length=16), nullable=False),
    sa.Column('status', sa.String(length=16), nullable=False),
    sa.Column('token_generation', sa.Integer(), nullable=False),
    sa.Column('created_at', moment(), nullable=False),
    sa.Column('last_login_at', moment(), nullable=True),
    sa.Column('delete_after', moment(), nullable=True),
    sa.Column('email', sa.String(length=254).with_variant(mysql.VARCHAR(collation='utf8mb4_bin', length=254), 'mysql'), nullable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_auth')),
    sa.UniqueConstraint('phone', name=op.f('uq_user_auth_phone')),
    sa.Index(op.f('ix_user_auth_delete_after'), 'delete_after'),
    sa.Index(op.f('ix_user_auth_email'), 'email', unique=True),
    sa.Index(op.f('ix_user_auth_email'), 'email', unique=True),
    sa.Index(op.f('ix_user_auth_role_id'), 'role', 'id'),
    sa.Index(op.f('ix_user_auth_role_status_id'), 'role', 'status', 'id'),
    sa.Index(op.f('ix_user_auth_status_id'), 'status', 'id'),
    sqlite_autoincrement=True,
    )


def set_phone_nullable(nullable):
    on_sqlite = op.get_context().dialect.name == 'sqlite'
    if on_sqlite:  # the new table would count on from the highest id that is left, and give one again
        op.execute("CREATE TEMPORARY TABLE counted AS SELECT seq FROM sqlite_sequence WHERE name = 'user_auth'")
    with op.batch_alter_table('user_auth', schema=None, copy_from=user_auth(phone_nullable=not nullable)) as batch_op:
        batch_op.alter_column('phone', existing_type=sa.String(length=20), nullable=nullable)
    if on_sqlite:
        op.execute("DELETE FROM sqlite_sequence WHERE name = 'user_auth'")
        op.execute("INSERT INTO sqlite_sequence (name, seq) SELECT 'user_auth', seq FROM counted")
        op.execute("DROP TABLE counted")


def upgrade() -> None:
    set_phone_nullable(True)
    table = user_auth(phone_nullable=True)
    op.execute(table.update().where(table.c.phone.like(NO_PHONE + '%')).values(phone=None))
    op.create_table('social_login',
    sa.Column('id', big_id(), nullable=False),
    sa.Column('user_id', big_id(), nullable=False),
    sa.Column('provider', sa.String(length=16), nullable=False),
    sa.Column('subject', exact_text(255), nullable=False),
    sa.Column('email', sa.String(length=254), nullable=False),
    sa.Column('created_at', moment(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_auth.id'], name=op.f('fk_social_login_user_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_social_login')),
    sa.UniqueConstraint('provider', 'subject', name=op.f('uq_social_login_provider_subject')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('social_login', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_social_login_user_id_provider'), ['user_id', 'provider'], unique=True)


def downgrade() -> None:
    op.drop_table('social_login')
    table = user_auth(phone_nullable=True)
    placeholder = sa.literal(NO_PHONE) + sa.cast(table.c.id, sa.String)
    op.execute(table.update().where(table.c.phone.is_(None)).values(phone=placeholder))
    set_phone_nullable(False)
