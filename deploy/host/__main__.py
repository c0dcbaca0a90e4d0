"""Starts the program, from an archive, a folder or a package; tells by one line that Python is too old."""

import importlib
import json
import os
import sys
import types

OLDEST = (3, 11)


def _start():
    # type: () -> int
    """Import the rest, which an old Python could not even read, and run it."""
    if sys.version_info[:2] < OLDEST:
        have = "%d.%d" % sys.version_info[:2]  # noqa: UP031 - an old Python must be able to read this file
        error = "Python {} is too old: this host needs 3.11 or later".format(have)  # noqa: UP032
        print(json.dumps({"event": "failed", "error": error, "log": None}))
        return 1
    name = __package__
    if not name:  # run from an archive or a folder: that is the package then
        name = "host"
        package = types.ModuleType(name)
        package.__path__ = [os.path.dirname(__file__)]
        sys.modules[name] = package
    return int(importlib.import_module(name + ".commands").main())


if __name__ == "__main__":
    sys.exit(_start())
