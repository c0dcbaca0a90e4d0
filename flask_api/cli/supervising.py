"""``supervise``: start supervisord, which keeps the server's processes running (supervisord.ini)."""

import math
import os
import resource
import socket
import sys
from pathlib import Path
from typing import NoReturn

import click

from flask_api.cli.serving import cores
from flask_api.server.listening import ServingError, tls_context
from flask_api.settings import Settings, SettingsError, load_settings

CONFIGURATION = "supervisord.ini"
AT_LEAST = 2  # with one process, supervisord would close the socket while that one restarts
OVERTIME = 10  # seconds that a process gets beyond its drain time-out before it is killed
OPEN_FILES = 65536
LONGEST_SOCKET_PATH = 107 - len(".4194304")  # sun_path, less the process id that supervisord adds while it binds
# What whoever started us said of this process only, and what Flask's command line sets for itself.
NOT_FOR_CHILDREN = {
    *("NOTIFY_SOCKET", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_USEC", "WATCHDOG_PID"),
    *("FLASK_RUN_FROM_CLI", "PWD", "OLDPWD"),
}


@click.command()
@click.option("--foreground", is_flag=True, help="Stay in the foreground, as systemd and containers want it.")
def supervise(foreground: bool) -> None:
    """Start the server's processes, and keep them running.

    There are as many as SOLO_WORKERS says, or cores, and two at least. The address and that number are read now:
    changes need another start. All other settings are read by each process when it starts.
    """
    folder = folder_as_called(sys.argv[0])
    try:
        settings = load_settings()
        tls_context(settings)
    except (SettingsError, ServingError) as error:
        raise click.ClickException(str(error)) from None
    refuse_if_started(folder / "var" / "run" / "supervisord.sock")
    address = free_address(settings.host, settings.port)
    for name in ("run", "logs"):
        (folder / "var" / name).mkdir(parents=True, exist_ok=True)
    run_supervisord(folder, environment_for(settings, address), foreground=foreground)


def folder_as_called(script: str) -> Path:
    """Return the folder of ``script`` by the path that was typed: ``current``, not the release it points to today.

    supervisord starts processes in the folder by that name, so they run the release that is current then.

    Raises:
        ClickException: it was called by the path of a release, which would never change.
    """
    here, typed = Path.cwd(), Path(os.environ.get("PWD", "."))
    if typed.is_absolute() and typed.is_dir() and typed.samefile(here):
        here = typed  # what a shell remembers of the links that cd went through
    folder = Path(os.path.normpath(here / script)).parent
    current = folder.parent.parent / "current"
    if folder.parent.name == "releases" and current.is_symlink():
        raise click.ClickException(f"this folder is one release; run {current / 'manage.py'} supervise")
    return folder


def refuse_if_started(path: Path) -> None:
    """Refuse to start a second one.

    Raises:
        ClickException: a supervisord answers on its socket, or there can be no socket at this path.
    """
    if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
        raise click.ClickException(f"{path} is too long for the path of a socket; use a folder with a shorter one")
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(2)
        try:
            client.connect(str(path))
        except (FileNotFoundError, ConnectionRefusedError):
            return
        except OSError as error:
            raise click.ClickException(f"{path}: {(error.strerror or str(error)).lower()}") from None
    raise click.ClickException(f"it runs already: supervisord answers on {path}")


def free_address(host: str, port: int) -> str:
    """Return what supervisord is to listen on, as ``host:port``.

    Raises:
        ClickException: somebody else listens there, or supervisord cannot.
    """
    if port == 0:
        raise click.ClickException("SOLO_PORT: supervisord needs a port, 0 is none")
    if ":" in host:
        raise click.ClickException(f"SOLO_HOST: supervisord listens on IPv4 only, not on {host}")
    with socket.socket(socket.AF_INET) as candidate:
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((host, port))
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise click.ClickException(f"cannot listen on {host}:{port}: {reason}") from None
    return f"{host}:{port}"


def environment_for(settings: Settings, address: str) -> dict[str, str]:
    """Return the environment of supervisord, which its processes inherit as long as it lives.

    Nothing of ``.env`` gets into it (manage.py keeps Flask from loading that file): a setting that stays in the
    environment would beat the one that is changed in the file later. For the same reason no name here begins with
    ``SOLO_``.
    """
    inherited = {name: value for name, value in os.environ.items() if name not in NOT_FOR_CHILDREN}
    return inherited | {
        "SUPERVISED_ADDRESS": address,
        "SUPERVISED_PROCESSES": str(max(AT_LEAST, settings.workers or cores())),
        "SUPERVISED_STOP_SECONDS": str(math.ceil(settings.drain_timeout) + OVERTIME),
    }


def run_supervisord(folder: Path, environment: dict[str, str], *, foreground: bool) -> NoReturn:
    """Become supervisord, of this very virtual environment.

    Its path is resolved: ``.venv`` is a link that the next release may point elsewhere, and Python still imports from
    it later. For the same reason it runs in no release's folder.
    """
    programs = Path(sys.prefix).resolve() / "bin"
    command = [str(programs / "python"), str(programs / "supervisord"), "--configuration", str(folder / CONFIGURATION)]
    command += ["--nodaemon"] if foreground else []
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    os.chdir("/")
    os.execve(command[0], command, environment)  # noqa: S606 (a fixed program, and no shell)
