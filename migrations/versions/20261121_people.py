"""People: blocks, likes, matches, and what searching asks of a profile

Revision: 3f5a1c7e9b20, after 8ab3e5170fd2

The release before writes profiles without the new columns: its new people are active, and were last here long ago.
It serves while this runs, so the profiles are filled a part at a time: each part is locked for a moment only. MySQL
keeps what was done when a step fails; what is there already is passed over, so it can be begun again.
"""

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.dialects import mysql

revision = '3f5a1c7e9b20'
down_revision = '8ab3e5170fd2'
branch_labels = None
depends_on = None

ADDED = ('seeks_gender', 'seeks_age_min', 'seeks_age_max', 'is_active', 'active_at')
SEARCHED = [
    'active_at', 'user_id', 'is_active', 'visibility', 'gender', 'birthday', 'height_cm', 'education', 'salary',
    'seeks_gender', 'seeks_age_min', 'seeks_age_max',
]

FILL = (
    "UPDATE user_info SET is_active = (SELECT status = 'active' FROM user_auth WHERE id = user_id), active_at ="
    " (SELECT coalesce(last_login_at, created_at) FROM user_auth WHERE id = user_id)"
)
PART = 10_000  # profiles
END_OF_PART = (
    'SELECT max(user_id) FROM'
    ' (SELECT user_id FROM user_info WHERE user_id > :after ORDER BY user_id LIMIT :size) AS part'
)


def big_id():
    return sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def moment():
    return sa.DateTime().with_variant(mysql.DATETIME(fsp=6), 'mysql')


def add_columns() -> None:
    added = [
        sa.Column('seeks_gender', sa.String(length=16), nullable=True),
        sa.Column('seeks_age_min', sa.Integer(), nullable=True),
        sa.Column('seeks_age_max', sa.Integer(), nullable=True),
        sa.Column('is_active', sa.Boolean(), server_default='1', nullable=False),
        sa.Column('active_at', moment(), server_default='2020-01-01 00:00:00.000000', nullable=False),
    ]
    there = set()
    if not context.is_offline_mode():
        there = {column['name'] for column in sa.inspect(op.get_bind()).get_columns('user_info')}
    for column in added:
        if column.name not in there:
            op.add_column('user_info', column)


def fill_columns() -> None:
    if context.is_offline_mode():
        op.execute(FILL)
        return
    connection, after = op.get_bind(), -1
    while (last := connection.scalar(sa.text(END_OF_PART), {'after': after, 'size': PART})) is not None:
        connection.execute(sa.text(f'{FILL} WHERE user_id > :after AND user_id <= :last'), {'after': after, 'last': last})
        if connection.dialect.name == 'mysql':  # SQLite does all of it or nothing
            connection.exec_driver_sql('COMMIT')
        after = last


def index_columns() -> None:
    there = set()
    if not context.is_offline_mode():
        there = {index['name'] for index in sa.inspect(op.get_bind()).get_indexes('user_info')}
    if 'ix_user_info_active_at' not in there:
        op.create_index('ix_user_info_active_at', 'user_info', SEARCHED)


def upgrade() -> None:
    add_columns()
    fill_columns()
    index_columns()
    op.create_table('user_block',
    sa.Column('id', big_id(), nullable=False),
    sa.Column('blocker_id', big_id(), nullable=False),
    sa.Column('blocked_id', big_id(), nullable=False),
    sa.Column('created_at', moment(), nullable=False),
    sa.ForeignKeyConstraint(['blocker_id'], ['user_auth.id'], name=op.f('fk_user_block_blocker_id_user_auth'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['blocked_id'], ['user_auth.id'], name=op.f('fk_user_block_blocked_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_block')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('user_block', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_block_blocker_id_blocked_id'), ['blocker_id', 'blocked_id'], unique=True)
        batch_op.create_index(batch_op.f('ix_user_block_blocker_id_id'), ['blocker_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_user_block_blocked_id_blocker_id'), ['blocked_id', 'blocker_id'], unique=False)

    op.create_table('user_like',
    sa.Column('id', big_id(), nullable=False),
    sa.Column('liker_id', big_id(), nullable=False),
    sa.Column('liked_id', big_id(), nullable=False),
    sa.Column('created_at', moment(), nullable=False),
    sa.ForeignKeyConstraint(['liker_id'], ['user_auth.id'], name=op.f('fk_user_like_liker_id_user_auth'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['liked_id'], ['user_auth.id'], name=op.f('fk_user_like_liked_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_like')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('user_like', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_like_liker_id_liked_id'), ['liker_id', 'liked_id'], unique=True)
        batch_op.create_index(batch_op.f('ix_user_like_liker_id_id'), ['liker_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_user_like_liked_id_id'), ['liked_id', 'id'], unique=False)

    op.create_table('user_match',
    sa.Column('id', big_id(), nullable=False),
    sa.Column('user_id', big_id(), nullable=False),
    sa.Column('other_id', big_id(), nullable=False),
    sa.Column('created_at', moment(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_auth.id'], name=op.f('fk_user_match_user_id_user_auth'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['other_id'], ['user_auth.id'], name=op.f('fk_user_match_other_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_user_match')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    with op.batch_alter_table('user_match', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_user_match_user_id_other_id'), ['user_id', 'other_id'], unique=True)
        batch_op.create_index(batch_op.f('ix_user_match_user_id_id'), ['user_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_user_match_other_id'), ['other_id'], unique=False)
    op.create_table('user_seen',
    sa.Column('user_id', big_id(), autoincrement=False, nullable=False),
    sa.Column('visitor_id', big_id(), nullable=False),
    sa.Column('like_id', big_id(), nullable=False),
    sa.Column('match_id', big_id(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_auth.id'], name=op.f('fk_user_seen_user_id_user_auth'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', name=op.f('pk_user_seen')),
    mysql_charset='utf8mb4',
    )


def downgrade() -> None:
    for table in ('user_seen', 'user_match', 'user_like', 'user_block'):
        op.drop_table(table)
    op.drop_index('ix_user_info_active_at', table_name='user_info')
    for name in ADDED:
        op.drop_column('user_info', name)
