"""What can happen to the catalog's database: cut connections, restarts, lost answers."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psycopg

from headwater.catalog.connection import Catalog
from headwater.local.postgres import LocalPostgres

_COMMIT = b"COMMIT\x00"


@dataclass
class FragileDatabase:
    """One catalog's database in a server of our own."""

    server: LocalPostgres
    catalog: Catalog

    def cut(self) -> None:
        """End every connection to the database but the pool's own of this process."""
        name = self.catalog.url.database
        with psycopg.connect(self.server.dsn("postgres"), autocommit=True) as admin:
            admin.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
            )
        self.catalog.engine.dispose()

    def restart(self, how: signal.Signals) -> None:
        """Stop the server, SIGINT: fast, SIGQUIT: immediately, without a checkpoint; start it."""
        self.catalog.engine.dispose()
        process = self.server._process
        assert process is not None
        process.send_signal(how)
        process.wait(30)
        self.server.start()


@dataclass
class Deafness:
    """A door to a server whose answer to the `at`-th COMMIT is never heard.

    With `reaches` the server commits and the answer is lost; without, the wish is lost.
    """

    target: tuple[str, int]
    at: int
    reaches: bool
    commits: int = 0
    cut: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def open(self) -> Iterator[int]:
        """Listen; the port."""
        with socket.create_server(("127.0.0.1", 0)) as door:
            threading.Thread(target=self._welcome, args=(door,), daemon=True).start()
            yield door.getsockname()[1]

    def _welcome(self, door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = door.accept()
                server = socket.create_connection(self.target)
                deaf = threading.Event()
                for task in (self._to_server, self._to_client):
                    threading.Thread(target=task, args=(client, server, deaf), daemon=True).start()

    def _to_server(
        self, client: socket.socket, server: socket.socket, deaf: threading.Event
    ) -> None:
        with suppress(OSError):
            while said := client.recv(1 << 16):
                if self._is_the_one(said):
                    deaf.set()
                    if self.reaches:
                        server.sendall(said)
                        continue  # the answer ends both, in the other thread
                    break
                server.sendall(said)
        _end(client, server)

    def _is_the_one(self, said: bytes) -> bool:
        if _COMMIT not in said:
            return False
        with self._lock:
            self.commits += 1
            if self.commits == self.at:
                self.cut.set()
                return True
        return False

    def _to_client(
        self, client: socket.socket, server: socket.socket, deaf: threading.Event
    ) -> None:
        with suppress(OSError):
            while answered := server.recv(1 << 16):
                if deaf.is_set():
                    break
                client.sendall(answered)
        _end(client, server)


def _end(*sockets: socket.socket) -> None:
    for one in sockets:
        with suppress(OSError):
            one.shutdown(socket.SHUT_RDWR)
        one.close()
