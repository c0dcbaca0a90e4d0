"""Somebody who may write, on a host in production: an admin, made on the command line, who logs in by password."""

import requests

from tests.services.supervised_host import SupervisedHost

PHONE, PASSWORD = "13800138000", "correct horse"


def make_admin(host: SupervisedHost) -> None:
    """Migrate the database of a host that need not run yet, and make an admin in it."""
    host.prepare()
    for command in (("db", "upgrade"), ("create-admin", PHONE, "--password", PASSWORD)):
        done = host.manage(*command)
        assert done.returncode == 0, done.stdout + done.stderr


def log_in(url: str, **options: object) -> str:
    """Log the admin in; return the token."""
    told = {"phone": PHONE, "password": PASSWORD}
    answer = requests.post(f"{url}/api/v1/auth/password-login", json=told, timeout=10, **options)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return str(answer.json()["data"]["token"])
