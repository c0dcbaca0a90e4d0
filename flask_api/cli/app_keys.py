"""``appkey create``, ``list``, ``rotate`` and ``disable``."""

import click
from flask.cli import with_appcontext
from sqlalchemy import select

from flask_api.app_keys import services
from flask_api.app_keys.models import AppKey
from flask_api.app_keys.schemas import app_key_creation, rotation
from flask_api.cli.running import needs_redis
from flask_api.extensions import db


@click.group()
def appkey() -> None:
    """App keys, for apps that sign requests (docs/signing.md)."""


@appkey.command("create")
@click.argument("name")
@click.option("--version-1", is_flag=True, help="Accept the original's MD5 signatures too.")
@click.option("--rate", type=click.IntRange(1), help="Requests a minute that it may send.")
@needs_redis  # which begins to keep the new key's nonces
def create(name: str, version_1: bool, rate: int | None) -> None:
    """Make an app key called NAME, and show its secret."""
    sent = {"name": name, "allows_version_1": version_1, "requests_per_minute": rate}
    _show(services.create_app_key(**app_key_creation.load(sent)))


@appkey.command("list")
@with_appcontext
def list_all() -> None:
    """List all app keys, the oldest first."""
    for key in db.session.scalars(select(AppKey).order_by(AppKey.id)):
        rate = f"{key.requests_per_minute}/min" if key.requests_per_minute else "no limit"
        versions = "1 and 2" if key.allows_version_1 else "2"
        state = "disabled" if key.is_disabled else "valid"
        click.echo(f"{key.appkey}  {key.created_at:%Y-%m-%d}  {state:8}  version {versions}, {rate}  {key.name}")


@appkey.command("rotate")
@click.argument("appkey")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0),
    default=services.OVERLAP_HOURS,
    show_default=True,
    help="How long the secret before stays valid.",
)
@with_appcontext
def rotate(appkey: str, overlap_hours: int) -> None:
    """Give APPKEY a new secret, and show it."""
    sent = rotation.load({"overlap_hours": overlap_hours})
    _show(services.rotate_secret(services.find_app_key(appkey).id, **sent))


@appkey.command("disable")
@click.argument("appkey")
@with_appcontext
def disable(appkey: str) -> None:
    """Have APPKEY refused from now on."""
    services.change_app_key(services.find_app_key(appkey).id, disabled=True)
    click.echo(f"{appkey} is disabled.")


def _show(issued: services.IssuedSecret) -> None:
    click.echo(f"appkey  {issued.app_key.appkey}")
    click.echo(f"secret  {issued.secret}")
    click.echo("The secret is shown only now.", err=True)
