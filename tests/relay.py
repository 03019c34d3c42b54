"""Stands between an intake and its PostgreSQL, and loses the answer to a COMMIT, as a network may."""

import socket
import threading
from contextlib import suppress
from select import select
from typing import Self

CHUNK = 65_536


class Relay:
    """Listens on the loopback network, and passes on what is said to the server at `port` and its answers."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = self._listening.getsockname()[1]
        self.lost = 0
        self._marked: bytes | None = None

    def __enter__(self) -> Self:
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(self, *error: object) -> None:
        self._listening.close()

    def lose(self, marked: bytes) -> None:
        """The next transaction that says `marked` is done, and its connection ends before that is heard."""
        self._marked = marked

    def _listen(self) -> None:
        # Closing ends it.
        with suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", self._to)) as server, suppress(OSError):
            marked = False
            while True:
                for one in select([client, server], [], [])[0]:
                    said = one.recv(CHUNK)
                    if not said:
                        return
                    if one is server:
                        client.sendall(said)
                        continue
                    marked |= self._marked is not None and self._marked in said
                    server.sendall(said)
                    if marked and b"COMMIT" in said:
                        self._marked = None
                        # The server answers when it is done.
                        server.recv(CHUNK)
                        self.lost += 1
                        return
