#!/usr/bin/env python3
"""Serves the app: ``python tornado_server.py``. What is not said on the command line comes from the settings."""

import argparse
import sys

EPILOG = """A listening socket that was handed over, as standard input (supervisord's fcgi-program) or by LISTEN_FDS
(systemd), is used in place of host and port. Everything else: see flask_api/settings.py."""


def main() -> int:
    """Serve until a signal; return the exit status (2: it could not start)."""
    arguments = {name: value for name, value in vars(parse_arguments()).items() if value is not None}
    # This takes a second to load; --help and a mistyped option should not wait for it.
    from flask_api.cli.serving import run_server  # noqa: PLC0415

    return run_server(arguments)


def parse_arguments() -> argparse.Namespace:
    """Read the command line; only what was given is not None."""
    parser = argparse.ArgumentParser(description="Serve Solo.", epilog=EPILOG)
    parser.add_argument("--host", help="address to listen on (default: SOLO_HOST, else 127.0.0.1)")
    parser.add_argument("--port", type=int, help="port to listen on; 0 takes any (default: SOLO_PORT, else 5000)")
    parser.add_argument("--workers", type=int, help="processes (default: SOLO_WORKERS, else one for each core)")
    parser.add_argument("--threads", type=int, help="requests at a time in each (default: SOLO_THREADS, else 6)")
    parser.add_argument("--ready-timeout", type=float, metavar="SECONDS", help="accept only once the app is ready")
    parser.add_argument("--process-socket", metavar="PATH", help="Unix socket on which this very process answers")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
