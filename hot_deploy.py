#!/usr/bin/env python3
"""Serves the app while you work on it: each save is served at once, and no request is lost. See reloading/."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from reloading.launching import Command, WarmProcessGoneError
from reloading.listening import ListeningError, configured_address, listen
from reloading.reloader import reload_until_signal
from reloading.terminal import Terminal
from reloading.watching import WatchingError

ROOT = Path(__file__).resolve().parent
EPILOG = """The server is tornado_server.py with one process; its settings come from the environment, .env and
config_override.toml as ever, and a change of these files is served as well, but for host and port: they are bound once.
Code that does not start is shown with file and line, and the old code goes on serving."""


def main() -> int:
    """Serve and reload until Ctrl-C; return the exit status (2: it could not begin)."""
    options = parse_arguments()
    host, port = configured_address(ROOT)
    try:
        listener = listen(options.host or host, port if options.port is None else str(options.port))
        environment = {"SOLO_PAGE_REFRESH": "1", **os.environ}
        command = Command(ROOT, listener, ["--workers", "1"], environment, warm=not options.cold)
        asyncio.run(reload_until_signal(command, Terminal(), whole_tracebacks=options.tracebacks))
    except (ListeningError, WatchingError, WarmProcessGoneError) as error:
        print(f"hot_deploy: {error}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:  # before the signals were ours
        return 130
    return 0


def parse_arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description="Serve Solo, and each change of its code at once.", epilog=EPILOG)
    parser.add_argument("--host", help="address to listen on (default: SOLO_HOST, else 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes any (default: SOLO_PORT, else 5000)")
    parser.add_argument("--tracebacks", action="store_true", help="show whole tracebacks when code does not start")
    parser.add_argument(
        "--cold", action="store_true", help="start each server from nothing, not as a fork (slower; see reloading/)"
    )
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
