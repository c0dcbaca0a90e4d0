"""A listening socket that several processes hold, and that one of them may close for all."""

import ctypes
import errno
import socket
import struct
import sys
from contextlib import suppress
from typing import Any

from tornado.ioloop import IOLoop

# <linux/filter.h>, socket(7): one instruction is a code, where to jump if true and if false, and an operand.
SO_ATTACH_FILTER, SO_DETACH_FILTER = 26, 27
FLAGS_OF_TCP, SYN = 13, 2  # RFC 9293, section 3.1
DROP_SYN = [
    (0x30, 0, 0, FLAGS_OF_TCP),  # load a byte
    (0x45, 1, 0, SYN),  # is this bit set?
    (0x06, 0, 0, 0xFFFFFFFF),  # no: take the whole packet
    (0x06, 0, 0, 0),  # yes: nothing of it
]


class Listener(socket.socket):
    """A listening socket that another process may shut down for all who hold it."""

    def accept(self) -> tuple[socket.socket, Any]:
        """Accept a connection; a socket that was shut down is left alone, as it would be "readable" for ever."""
        try:
            return super().accept()
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
            IOLoop.current().remove_handler(self.fileno())
            raise BlockingIOError from None

    def ignore_newcomers(self) -> None:
        """Do not answer who wants to connect: it tries again after a second. Who is in the queue can be accepted.

        Without this, one who comes between the last accept and the shutdown has sent its request, and gets none.
        """
        if sys.platform == "linux" and self.family in (socket.AF_INET, socket.AF_INET6):
            program = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *one) for one in DROP_SYN))
            with suppress(OSError):  # not allowed here: then without
                self.setsockopt(
                    socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(DROP_SYN), ctypes.addressof(program))
                )

    def shut_down(self) -> None:
        """Refuse everybody, whoever holds this socket. Who listens on it again opens it again."""
        with suppress(OSError):  # another process was faster
            if self.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):  # a second time would be for good
                self.shutdown(socket.SHUT_RDWR)
        _answer_newcomers(self)


def listen_again(listener: socket.socket, backlog: int) -> None:
    """Take newcomers in, whatever a process before us has left: a short queue, a shutdown, or half of one."""
    _answer_newcomers(listener)
    listener.listen(backlog)


def _answer_newcomers(listener: socket.socket) -> None:
    with suppress(OSError):  # it answers them already
        listener.setsockopt(socket.SOL_SOCKET, SO_DETACH_FILTER, 0)
