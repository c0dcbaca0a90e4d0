"""Services outside on their bad days."""

import socket
import threading
from typing import Self

ANSWERS = {
    "garbage": b"\x00\xff\xfe not HTTP at all\r\n\r\n",
    "failing": b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
}


class Upstream:
    """Takes connections and is in one of these moods: refusing, hanging, garbage, failing, endless."""

    def __init__(self, mood: str) -> None:
        self._mood = mood
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._clients: list[socket.socket] = []
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Self:
        if self._mood == "refusing":
            self._socket.close()
        else:
            threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for client in [self._socket, *self._clients]:
            client.close()

    def _accept(self) -> None:
        try:
            while True:
                client = self._socket.accept()[0]
                self._clients.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()
        except OSError:
            pass

    def _serve(self, client: socket.socket) -> None:
        if self._mood == "hanging":
            return
        try:
            client.recv(65536)
            if self._mood == "endless":
                client.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                while True:
                    client.sendall(b"x" * 65536)
            client.sendall(ANSWERS[self._mood])
            client.shutdown(socket.SHUT_WR)
        except OSError:
            pass
