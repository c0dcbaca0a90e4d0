"""The hosts of a deployment: deploy/hosts.toml, or what ``-H`` names."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from deploy.errors import DeployError

SETTINGS = {"root": str, "python": str, "ready_timeout": int, "keep": int}
OF_ONE = {"name": str, "address": str, "port": int}
NAME, IPV6 = r"[^@\s:/]+", r"[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[\w:.%]*"
ADDRESS = re.compile(rf"((?:{NAME}@)?(?:{NAME}|{IPV6}))(?::(\d+))?")
KINDS = {str: "text", int: "a whole number"}


@dataclass(frozen=True, slots=True)
class Host:
    """Where a release goes. ``address`` is what ssh takes; ``ready_timeout`` is in seconds."""

    name: str
    address: str
    port: int | None = None
    root: str = "/srv/solo"
    python: str = "python3"
    ready_timeout: int = 20
    keep: int = 5


def choose_hosts(file: Path, named: str = "") -> list[Host]:
    """Return the hosts of ``file``; with ``named``, only these, by name or address, in that order.

    A name that is not in the file is an address (``user@host:port``), with the file's defaults.

    Raises:
        DeployError: the file says something wrong, or there is no host at all.
    """
    defaults, hosts = read_hosts(file)
    if not named:
        if not hosts:
            raise DeployError(_how_to_add(file))
        return hosts
    known = {key: host for host in hosts for key in (host.address, host.name)}
    words = [word for word in re.split(r"[,\s]+", named) if word]
    chosen = [known.get(word) or _make({"address": word}, defaults, "-H") for word in words]
    if not chosen:
        raise DeployError("-H names no host.")
    _refuse_twins(chosen, "-H")
    return chosen


def read_hosts(file: Path) -> tuple[Host, list[Host]]:
    """Return the defaults, as a host without name and address, and the hosts; both plain where there is no file.

    Raises:
        DeployError: the file is no TOML, or something in it is unknown, of the wrong kind, or there twice.
    """
    try:
        content = tomllib.loads(file.read_text())
    except FileNotFoundError:
        content = {}
    except (OSError, ValueError) as error:
        raise DeployError(f"{file}: {error}") from None
    tables = content.pop("host", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise DeployError(f"{file}: write each host under a line [[host]], with two brackets.")
    defaults = replace(Host("", ""), **_checked(content, SETTINGS, f"{file}"))
    hosts = []
    for number, table in enumerate(tables, 1):
        where = f"{file}, host {table.get('name', number)}"
        values = _checked(table, {**OF_ONE, **SETTINGS}, where)
        if "address" not in values:
            raise DeployError(f'{where}: say its address = "user@host".')
        hosts.append(_make(values, defaults, where))
    _refuse_twins(hosts, str(file))
    return defaults, hosts


def _checked(values: Mapping[str, Any], kinds: Mapping[str, type], where: str) -> dict[str, Any]:
    for name, value in values.items():
        if name not in kinds:
            raise DeployError(f"{where}: there is no setting {name!r}; there are {', '.join(kinds)}.")
        if type(value) is not kinds[name]:
            raise DeployError(f"{where}: {name} must be {KINDS[kinds[name]]}, not {value!r}.")
        if isinstance(value, str) and (not value.strip() or re.search(r"[\x00-\x1f\x7f]", value)):
            raise DeployError(f"{where}: {name} must not be empty or hold line breaks.")
        if isinstance(value, int) and value < 1:
            raise DeployError(f"{where}: {name} must be at least 1, not {value}.")
    root = PurePosixPath(values.get("root", "/srv/solo"))
    if not root.is_absolute() or ".." in root.parts or root == PurePosixPath("/"):
        raise DeployError(f"{where}: root must be the whole path of a folder, such as /srv/solo, not {str(root)!r}.")
    return {**values, **({"root": str(root)} if "root" in values else {})}


def _make(values: dict[str, Any], defaults: Host, where: str) -> Host:
    parts = _split(values["address"], where)
    if "port" in parts and "port" in values:
        raise DeployError(f"{where}: the port is there twice, in the address and beside it.")
    host = replace(defaults, **{"name": parts["address"].rpartition("@")[2], **values, **parts})
    if host.port is not None and not 1 <= host.port <= 65535:
        raise DeployError(f"{where}: a port is from 1 to 65535, not {host.port}.")
    return host


def _split(address: str, where: str) -> dict[str, Any]:
    """Return ``user@host:port`` as address and, where it is there, port."""
    found = ADDRESS.fullmatch(address)
    if not found or address.startswith("-"):
        raise DeployError(f'{where}: an address is like "user@host" or "user@host:port", not {address!r}.')
    return {"address": found[1], **({"port": int(found[2])} if found[2] else {})}


def _refuse_twins(hosts: list[Host], where: str) -> None:
    names = [host.name for host in hosts]
    places = [(host.address, host.port, host.root) for host in hosts]
    for host, place in zip(hosts, places, strict=True):
        if names.count(host.name) > 1:
            raise DeployError(f"{where}: {host.name} is there twice.")
        if places.count(place) > 1:
            raise DeployError(f"{where}: {host.address} is there twice with the same root, {host.root}.")


def _how_to_add(file: Path) -> str:
    return (
        f"No host to go to. Write into {file}:\n\n"
        '  [[host]]\n  name = "web-1"\n  address = "user@web-1.example.com"\n\n'
        "  or name one here: fab -H user@web-1.example.com …"
    )
