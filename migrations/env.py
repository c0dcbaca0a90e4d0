"""How Alembic reaches the app's database. Batch mode, so that SQLite can drop and alter columns."""

from alembic import context
from alembic.operations.ops import DropTableOp, ModifyTableOps
from flask import current_app

from flask_api.core.database import WRITES, Base, Moment
from flask_api.database_upgrade import migrating

migrate = current_app.extensions["migrate"]


def keep_what_counts(_context, _revision, directives) -> None:
    """Write no migration when nothing changed, and drop a table whole: MySQL refuses to drop its indexes one by one."""
    if getattr(context.config.cmd_opts, "autogenerate", False) and directives[0].upgrade_ops.is_empty():
        directives[:] = []
        print("Nothing changed: no migration written.")  # noqa: T201
    for script in directives:
        steps = script.downgrade_ops.ops
        dropped = {step.table_name for step in steps if isinstance(step, DropTableOp)}
        steps[:] = [step for step in steps if not (isinstance(step, ModifyTableOps) and step.table_name in dropped)]


def render_item(kind, item, autogen_context):
    """Write our types by what they are, so that a migration does not depend on today's code."""
    if kind == "type" and isinstance(item, Moment):
        autogen_context.imports.add("from sqlalchemy.dialects import mysql")
        return 'sa.DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql")'
    return False


arguments = {"render_item": render_item, "process_revision_directives": keep_what_counts, **migrate.configure_args}

if context.is_offline_mode():
    url = migrate.db.engine.url.render_as_string(hide_password=False)
    context.configure(url=url, target_metadata=Base.metadata, literal_binds=True, **arguments)
    with context.begin_transaction():
        context.run_migrations()
else:
    with migrating(current_app.extensions["settings"]) as opened:
        connection = opened.execution_options(**{WRITES: True})
        # SQLite's own driver would commit at each CREATE; ours leaves a migration whole or undone.
        whole = connection.dialect.name == "sqlite"
        context.configure(connection=connection, target_metadata=Base.metadata, transactional_ddl=whole, **arguments)
        with context.begin_transaction():
            context.run_migrations()
