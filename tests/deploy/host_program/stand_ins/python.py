"""Stands in for a Python that builds environments, at once and as told; as such a Python, it is run by a real one.

The file ``told`` beside it says how: ``good``, ``old``, ``no_venv``, ``full`` (the disk), or ``slow``: pip waits until
there is a file ``go_on``.
"""

import os
import sys
import time
from pathlib import Path

HERE = Path(sys.argv[1]).resolve().parent
TOLD = (HERE / "told").read_text()
words = sys.argv[2:]
if words[0] == "-c":
    print("3.9" if TOLD == "old" else "3.11")
elif words[:2] == ["-m", "venv"]:
    if TOLD == "no_venv":
        sys.exit("The virtual environment was not created successfully because ensurepip is not available.")
    (Path(words[2]) / "bin").mkdir(parents=True)
    (Path(words[2]) / "bin" / "python").symlink_to(HERE / "python")
elif words[:2] == ["-m", "pip"]:
    print("Collecting flask==3.1.3 (from -r requirements.txt (line 1))", flush=True)
    if TOLD == "full":
        print("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device")
        sys.exit(1)
    while TOLD == "slow" and not (HERE / "go_on").exists():
        os.kill(int(os.environ["SOLO_TEST_OWNER"]), 0)  # not longer than the test run
        time.sleep(0.02)
    Path("installed").touch()
