"""Sites to fetch from on this machine, and the network between: who was connected to, and where.

Addresses of the internet lead to the sites here, so the fetcher works as it does out there.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import httpcore

from klink.fetching import Fetcher

PUBLIC = "93.184.215.14"
PUBLIC_6 = "2606:2800:21f:cb07:6820:80da:af6b:8b2c"

Answer = Callable[["Visit"], None]


@dataclass
class Visit:
    """One connection to a site, with the request that it brought."""

    connection: socket.socket
    request: bytes
    over: threading.Event

    def send(self, *parts: bytes) -> None:
        """Send, as far as the other side still listens."""
        with contextlib.suppress(OSError):
            for part in parts:
                self.connection.sendall(part)

    def say_nothing(self) -> None:
        """Keep the other side waiting until the test is over."""
        self.over.wait(20)

    def send_slowly(self, parts: Iterable[bytes], every_s: float = 0.02) -> None:
        """Send a part now and then, until the other side is gone or the test over."""
        with contextlib.suppress(OSError):
            for part in parts:
                self.connection.sendall(part)
                if self.over.wait(every_s):
                    return


class Site:
    """A server of one answer, on a free port."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self._answer = answer
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._over = threading.Event()
        self._threads: list[threading.Thread] = []
        self.port: int = self._listener.getsockname()[1]
        self.requests: list[bytes] = []
        self._start(self._serve)

    def _start(self, work: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _serve(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(OSError):
                connection, _ = self._listener.accept()
                self._start(self._one, connection)

    def _one(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection:
            connection.settimeout(20)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
            request = b""
            while b"\r\n\r\n" not in request and (data := connection.recv(65536)):
                request += data
            if request:
                self.requests.append(request)
                self._answer(Visit(connection, request, self._over))
            connection.close()

    def end(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for thread in self._threads:
            thread.join()


@dataclass
class Wire(httpcore.NetworkBackend):
    """Leads every address to one site, and remembers which were asked for."""

    port: int = 9
    asked: list[tuple[str, int]] = field(default_factory=list)
    dead: tuple[str, ...] = ()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        self.asked.append((host, port))
        if host in self.dead:
            raise httpcore.ConnectError("nobody there")
        return httpcore.SyncBackend().connect_tcp("127.0.0.1", self.port, timeout)


@dataclass
class Names:
    """A resolver whose answers may change from one call to the next; the last one stays."""

    known: dict[str, list[list[str]]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(host)
        if host not in self.known:
            raise socket.gaierror(socket.EAI_NONAME, "no such name")
        answers = self.known[host]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@dataclass
class World:
    """A fetcher, the names it knows, the wire it connects by, and the sites at its end."""

    names: Names = field(default_factory=lambda: Names({"site.example": [[PUBLIC]]}))
    wire: Wire = field(default_factory=Wire)
    sites: list[Site] = field(default_factory=list)
    trust: ssl.SSLContext | None = None

    def site(self, answer: Answer | bytes, tls: ssl.SSLContext | None = None) -> Site:
        """Put a site at the end of the wire."""
        fixed = answer if isinstance(answer, bytes) else b""
        made = Site(answer if callable(answer) else lambda visit: visit.send(fixed), tls)
        self.sites.append(made)
        self.wire.port = made.port
        return made

    def fetcher(self, *, allow_private: bool = False) -> Fetcher:
        return Fetcher(
            "klink/1.0 (+https://go.example)",
            allow_private=allow_private,
            resolve=self.names,
            network=self.wire,
            trust=self.trust,
        )


@contextlib.contextmanager
def world() -> Iterator[World]:
    made = World()
    try:
        yield made
    finally:
        for site in made.sites:
            site.end()


def page(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    """An answer with an HTML page."""
    lines = [b"HTTP/1.1 " + status, b"Content-Type: text/html; charset=utf-8"]
    lines += [b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


def redirect(location: bytes, status: bytes = b"302 Found") -> bytes:
    return b"HTTP/1.1 " + status + b"\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
