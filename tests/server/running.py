"""A server in a thread of its own, and what a client says to it and reads."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from klink.server import Server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


CHUNK, CHUNKS = b"x" * (1 << 20), 32
"""An answer that no buffer holds: 32 MiB."""


class App:
    """An application whose answers a test can hold back."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.may_go = threading.Event()
        self.environ: WSGIEnvironment = {}

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        self.environ = environ
        if environ["PATH_INFO"] == "/broken":
            raise RuntimeError("the secret reason")
        if environ["PATH_INFO"].endswith("/slow"):
            self.entered.release()
            self.may_go.wait(20)
        if environ["PATH_INFO"] == "/big":
            start("200 OK", [("Content-Length", str(len(CHUNK) * CHUNKS))])
            return [CHUNK] * CHUNKS
        start("200 OK", [("Content-Length", "2"), ("Content-Type", "text/plain")])
        return [b"ok"]


def _in_a_dialect(
    path: str, headers: Mapping[str, str], status: int, code: str, text: str
) -> bytes | None:
    """The words of a dialect that has one path and one key."""
    is_its = path.startswith("/dialect/") or headers.get("X_API_KEY") == "dialect_key"
    return json.dumps({"said": [status, code]}).encode() if is_its else None


class Running:
    """A server in a thread of its own."""

    def __init__(self) -> None:
        self.app = App()
        self.ended_threads: list[str] = []
        self.told: list[tuple[str | None, int, float]] = []
        self.server = Server(
            self.app,
            host="127.0.0.1",
            port=0,
            threads=2,
            refuse=_in_a_dialect,
            tell=lambda path, status, took_s: self.told.append((path, status, took_s)),
            on_thread_end=lambda: self.ended_threads.append(threading.current_thread().name),
        )
        self.port = self.server.addresses[0].port
        self.server.start()
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=10)

    def ask(self, raw: bytes) -> bytes:
        """Send ``raw`` on a connection of its own; all that comes back until it is closed."""
        with self.connect() as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            return read_all(connection)

    def stop(self) -> None:
        self.server.request_stop()
        self.thread.join(10)
        assert not self.thread.is_alive()
        self.server.close()


def read_all(connection: socket.socket) -> bytes:
    found = bytearray()
    while True:
        try:
            data = connection.recv(65536)
        except ConnectionResetError:  # the server closed before it had read everything
            return bytes(found)
        if not data:
            return bytes(found)
        found += data


def is_ok(connection: socket.socket) -> bool:
    """Whether the next answer on a connection that stays open is the application's."""
    found = b""
    while not found.endswith(b"\r\n\r\nok"):
        data = connection.recv(4096)
        if not data:
            return False
        found += data
    return found.startswith(b"HTTP/1.1 200 ")


def get(path: str, *headers: str) -> bytes:
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: localhost", *headers, "", ""]).encode()
