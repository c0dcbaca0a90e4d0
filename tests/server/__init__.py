"""The tornado side, tested from outside over sockets, with toy WSGI apps."""
