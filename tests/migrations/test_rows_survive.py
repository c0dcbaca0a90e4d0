"""A migration changes tables, not what stands in them."""

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask

from flask_api.database_upgrade import migrating
from flask_api.extensions import db
from flask_api.settings import Settings
from tests.factories import Factory

COUNTS = {table: sa.text(f"SELECT count(*) FROM {table}") for table in ("user_auth", "user_info", "blog_post")}


def test_a_table_made_anew_takes_no_rows_of_others_with_it(app: Flask, settings: Settings, make: Factory) -> None:
    """SQLite drops a column by dropping the table, and a DROP deletes its rows, which cascades."""
    make.post(make.user(), make.category())
    how = "always" if is_sqlite(settings) else "auto"
    with migrating(settings) as connection, connection.begin():
        context = MigrationContext.configure(connection, opts={"render_as_batch": True})
        with (
            Operations.context(context) as operations,
            operations.batch_alter_table("user_auth", recreate=how) as batch,
        ):
            batch.add_column(sa.Column("of_the_next_release", sa.Integer()))
    with app.app_context(), db.engine.connect() as connection:
        assert {table: connection.scalar(count) for table, count in COUNTS.items()} == dict.fromkeys(COUNTS, 1)
    if not is_sqlite(settings):  # the next test gets these tables
        with migrating(settings) as connection, connection.begin():
            connection.execute(sa.text("ALTER TABLE user_auth DROP COLUMN of_the_next_release"))


def is_sqlite(settings: Settings) -> bool:
    return settings.database_url.startswith("sqlite")
