#!/usr/bin/env python3
"""Solo's command line: the database, demo data, admins, app keys, jobs, the processes; ``--help`` lists all."""

from flask.cli import routes_command, shell_command
from flask_migrate.cli import db

from flask_api.cli.accounts import create_admin, erase_expired_accounts
from flask_api.cli.app_keys import appkey
from flask_api.cli.demo import demo
from flask_api.cli.failures import Commands
from flask_api.cli.jobs import jobs
from flask_api.cli.remaking import geo, hot
from flask_api.cli.running import make_app
from flask_api.cli.supervising import supervise

main = Commands(
    create_app=make_app,
    add_default_commands=False,
    add_version_option=False,
    set_debug_flag=False,
    load_dotenv=False,  # settings.py reads .env itself; what Flask puts into the environment would beat it for ever
    help="Solo's command line. Settings come from the environment, .env and config_override.toml.",
)
COMMANDS = (
    *(db, demo, create_admin, erase_expired_accounts, appkey, jobs, geo, hot, supervise),
    *(routes_command, shell_command),
)
for command in COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main()
