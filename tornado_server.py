#!/usr/bin/env python3
"""Serves the app: ``python tornado_server.py``. What is not said on the command line comes from the settings."""

import argparse
import sys


def main() -> int:
    """Serve until a signal; return the exit status (2: it could not start)."""
    arguments = {name: value for name, value in vars(parse_arguments()).items() if value is not None}
    # This takes a second to load; --help and a mistyped option should not wait for it.
    from flask_api.cli.serving import run_server  # noqa: PLC0415

    return run_server(arguments)


def parse_arguments() -> argparse.Namespace:
    """Read the command line; only what was given is not None."""
    parser = argparse.ArgumentParser(description="Serve Solo.", epilog="Everything else: see flask_api/settings.py.")
    parser.add_argument("--host", help="address to listen on (default: SOLO_HOST, else 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes any (default: SOLO_PORT, else 5000)")
    parser.add_argument("--threads", type=int, help="requests worked on at a time (default: SOLO_THREADS, else 8)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
