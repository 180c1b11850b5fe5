"""Clicks on links as fast as a few connections can, and writes down what came back.

Runs as a process of its own: ``python -m tests.live.load PORT CONNECTIONS SECONDS FIRST SLUG…``.
Each request has a number of its own in ``utm_content``, from FIRST on. Ends when the time
is over or the server is gone. Prints a line once it has begun, then JSON: ``asked``
(requests begun), ``answered`` (the numbers that got their redirect), ``other`` (how often
which other status came) and ``p99_s`` (of a hundred answers, 99 took no longer).
"""

from __future__ import annotations

import itertools
import json
import selectors
import socket
import sys
import time

from tests.live.server import BROWSER

_REQUEST = (
    "GET /{slug}?utm_content={number} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
    f"User-Agent: {BROWSER}\r\nAccept: text/html\r\nAccept-Language: en\r\n\r\n"
)


class _Client:
    """One keep-alive connection with at most one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.number, self.asked_at = -1, 0.0
        self.received = b""

    def ask(self, port: int, slug: str, number: int) -> None:
        self.number, self.received, self.asked_at = number, b"", time.monotonic()
        self.socket.sendall(_REQUEST.format(slug=slug, number=number, port=port).encode())

    def read(self) -> bool:
        """Read what is there; whether the answer is whole. A closed connection raises."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError
        self.received += data
        return self.received.endswith(b"\r\n\r\n")

    def got_its_redirect(self) -> bool:
        return self.received.startswith(b"HTTP/1.1 302 ")


def run(
    port: int, connections: int, seconds: float, first: int, slugs: list[str]
) -> dict[str, object]:
    """Click until ``seconds`` are over or the server is gone."""
    numbers, answered, asked = itertools.count(first), [], 0
    targets = itertools.cycle(slugs)
    other: dict[str, int] = {}
    took: list[float] = []
    deadline = time.monotonic() + seconds
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        client = _Client(port)
        selector.register(client.socket, selectors.EVENT_READ, client)
        client.ask(port, next(targets), next(numbers))
        asked += 1
    print("clicking", flush=True)
    open_clients = connections
    while open_clients and time.monotonic() < deadline + 5:
        for key, _ in selector.select(0.5):
            client = key.data
            try:
                if not client.read():
                    continue
                took.append(time.monotonic() - client.asked_at)
                if client.got_its_redirect():
                    answered.append(client.number)
                else:
                    status = client.received[9:12].decode("ascii", "replace")
                    other[status] = other.get(status, 0) + 1
                if time.monotonic() >= deadline:
                    raise ConnectionAbortedError
                asked += 1
                client.ask(port, next(targets), next(numbers))
            except OSError:
                selector.unregister(client.socket)
                client.socket.close()
                open_clients -= 1
    p99_s = sorted(took)[len(took) * 99 // 100] if took else 0.0
    return {"asked": asked, "answered": answered, "other": other, "p99_s": p99_s}


if __name__ == "__main__":
    _, at, many, for_s, begin, *names = sys.argv
    print(json.dumps(run(int(at), int(many), float(for_s), int(begin), names)))
