"""The program that fab runs on a host, one SSH command a step: ``python3 host.pyz COMMAND ROOT …``.

Standard library only, Python 3.11 or later. It is packed with the standard library as well, straight from this folder::

    zipapp.create_archive("deploy/host", target, filter=lambda path: "__pycache__" not in path.parts, compressed=True)

(or ``python3 -m zipapp deploy/host -o host.pyz``). No staging and no ``main=``: ``__main__.py`` makes a package named
``host`` of wherever it lies, so the same files run from the archive, as ``python3 deploy/host`` and as
``python3 -m deploy.host``. Inside, modules import each other relatively. The bytes of the archive hold the times of the
files: name it after their content, not after its own hash, if the name is to tell whether a host has it already.

Each command may be killed at any moment, and run again: what is half made has a name or a lock that tells so, and what
serves goes on serving. See ``activation.py`` for how processes are exchanged.

Output: JSON lines on stdout, ``{"event": "step", "text": …}``, at the end ``{"event": "done", …}`` (exit status 0) or
``{"event": "failed", "error": "one line", "log": "text or null", …}`` (exit status 1). ``logs`` writes plain lines.
"""
