"""Labels, and the order in which people came

Revision: 7d2a0b4e8f53, after 6c1f9a3d7e42
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import mysql

revision = '7d2a0b4e8f53'
down_revision = '6c1f9a3d7e42'
branch_labels = None
depends_on = None

FIRST = {
    ('character', 'any'): ['Calm', 'Cheerful', 'Curious', 'Direct', 'Dreamer', 'Good listener', 'Patient', 'Shy at first'],
    ('character', 'male'): ['Gentleman', 'Handy'],
    ('character', 'female'): ['Independent', 'Outgoing'],
    ('interest', 'any'): [
        'Board games', 'Climbing', 'Coding', 'Cooking', 'Cycling', 'Dancing', 'Films', 'Gardening', 'Hiking', 'History',
        'Live music', 'Painting', 'Photography', 'Reading', 'Running', 'Swimming', 'Travelling', 'Video games',
    ],
    ('lifestyle', 'any'): ['Cat person', 'Dog person', 'Early bird', 'Night owl', 'No alcohol', 'Non-smoker', 'Vegetarian'],
    ('purpose', 'any'): ['A serious relationship', 'Friends first', 'Somebody to travel with', 'Talking, to begin with'],
}


def big_id():
    return sa.BigInteger().with_variant(sa.Integer(), 'sqlite')


def exact_text(length):
    return sa.String(length).with_variant(mysql.VARCHAR(length, collation='utf8mb4_bin'), 'mysql')


def upgrade() -> None:
    label = op.create_table('label',
    sa.Column('id', big_id(), nullable=False),
    sa.Column('name', exact_text(30), nullable=False),
    sa.Column('kind', sa.String(length=16), nullable=False),
    sa.Column('gender', sa.String(length=16), nullable=False),
    sa.Column('is_active', sa.Boolean(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_label')),
    sqlite_autoincrement=True,
    mysql_charset='utf8mb4',
    )
    op.create_index(op.f('ix_label_kind_gender_name'), 'label', ['kind', 'gender', 'name'], unique=True)
    op.create_table('user_label',
    sa.Column('user_id', big_id(), autoincrement=False, nullable=False),
    sa.Column('label_id', big_id(), autoincrement=False, nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_auth.id'], name=op.f('fk_user_label_user_id_user_auth'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['label_id'], ['label.id'], name=op.f('fk_user_label_label_id_label'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('user_id', 'label_id', name=op.f('pk_user_label')),
    mysql_charset='utf8mb4',
    )
    op.create_index(op.f('ix_user_label_label_id_user_id'), 'user_label', ['label_id', 'user_id'], unique=False)
    # On MySQL a new index rebuilds nothing and locks nobody out.
    op.create_index(op.f('ix_user_auth_created_at'), 'user_auth', ['created_at'], unique=False)
    op.bulk_insert(label, [
        {'name': name, 'kind': kind, 'gender': gender, 'is_active': True}
        for (kind, gender), names in FIRST.items() for name in names
    ])


def downgrade() -> None:
    op.drop_index(op.f('ix_user_auth_created_at'), table_name='user_auth')
    op.drop_table('user_label')
    op.drop_table('label')
