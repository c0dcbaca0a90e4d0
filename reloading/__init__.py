"""Hot reload for developers: what ``hot_deploy.py`` is made of.

Nothing here imports the app: its code may be broken while this runs, and this must start at once. From the file to
the fresh answer:

    sources.py        which files make a server, and whether their content has changed
    watching.py       hears that something was touched, waits for a moment of quiet, says what changed
    reloader.py       decides: start, give up, swap, keep the old one
    servers.py        one server from its start to its end: its output, its readiness
    launching.py      asks the warm process for servers
    warm_process.py   is that process: has the packages imported, forks a server in a fifth of the usual time
    failures.py       a long traceback in, a few lines out
    terminal.py       what the developer reads
    listening.py      the socket that all servers share
"""
