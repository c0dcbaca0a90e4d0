"""The app for other WSGI servers, which make it themselves: ``gunicorn 'flask_api.wsgi:make_app()'``.

``tornado_server.py`` is faster and serves ``/media/`` as well; see docs/deploying.md.
"""

import atexit
import sys
from contextlib import ExitStack

from flask import Flask

from flask_api.cli.running import prepare_app
from flask_api.core import metrics
from flask_api.server.embedded_redis import EmbeddedRedisError
from flask_api.settings import SettingsError, load_settings

BOOT_ERROR = 3  # what gunicorn takes for "do not try again"


def make_app() -> Flask:
    """Return the app by the settings, ready to serve; what was started for it ends with the process.

    Raises:
        SystemExit: it cannot be made; why was written to standard error in one line.
    """
    stack = ExitStack()
    atexit.register(stack.close)
    try:
        app = prepare_app(load_settings(), stack)
        stack.enter_context(metrics.kept_in(app.extensions["settings"].data_dir))
        return app
    except (SettingsError, EmbeddedRedisError) as error:
        sys.stderr.write(f"solo: {error}\n")
        raise SystemExit(BOOT_ERROR) from None
