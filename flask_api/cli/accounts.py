"""``create-admin`` and ``erase-expired``."""

import click
from sqlalchemy import select

from flask_api.accounts.leaving import erase_expired
from flask_api.admin import services
from flask_api.admin.schemas import user_creation
from flask_api.cli.running import needs_redis
from flask_api.core.auth import ACTIVE
from flask_api.extensions import db
from flask_api.users.models import UserAuth
from flask_api.users.phones import normalise


@click.command("create-admin")
@click.argument("phone")
@click.option("--nickname", help="Shown to others; only for a phone that is new.")
@click.option("--password", help="Asked for when left out; only for a phone that is new.")
@needs_redis
def create_admin(phone: str, nickname: str | None, password: str | None) -> None:
    """Make PHONE an admin: a new account, or the one it has."""
    known = db.session.scalar(select(UserAuth.id).where(UserAuth.phone == normalise(phone)))
    if known is not None:
        user = services.change_user(known, role="admin")
        click.echo(f"User {known} is an admin now; the password stays as it was.")
        if user.status != ACTIVE:
            click.echo(f"But the account is {user.status}, so nobody can use it.", err=True)
        return
    password = password or click.prompt("Password", hide_input=True, confirmation_prompt=True)
    told = {"phone": phone, "role": "admin", "nickname": nickname, "password": password}
    user = services.create_user(**user_creation.load({name: value for name, value in told.items() if value}))
    click.echo(f"User {user.id} was created as an admin.")


@click.command("erase-expired")
@needs_redis
def erase_expired_accounts() -> None:
    """Erase the accounts whose grace period is over. The server does so by itself once an hour."""
    click.echo(f"{erase_expired()} accounts erased.")
