"""Opens connections that cost a server something, and keeps them for as long as it may.

Runs as a process of its own: ``python -m tests.live.hostile PORT DRIBBLING UNREAD IDLE``. So many
send a header, a byte a second; so many ask again and again and take no answer; so many say
nothing after one. Prints a line once all are open, and runs until it is ended.
"""

from __future__ import annotations

import contextlib
import socket
import sys
import time

PLAIN = b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n"
FIRST = {"dribbling": b"GET /", "unread": PLAIN * 40, "idle": PLAIN}


def connect(port: int, kind: str) -> socket.socket:
    made = socket.socket()
    if kind == "unread":
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    made.settimeout(20)
    made.connect(("127.0.0.1", port))
    made.setblocking(False)
    with contextlib.suppress(OSError):  # closed, or full
        made.send(FIRST[kind])
    return made


def run(port: int, many: dict[str, int]) -> None:
    kept = {kind: [connect(port, kind) for _ in range(number)] for kind, number in many.items()}
    print("open", flush=True)
    for _ in range(100):
        time.sleep(1)
        for made in kept["dribbling"]:
            with contextlib.suppress(OSError):
                made.send(b"x")


if __name__ == "__main__":
    _, at, *numbers = sys.argv
    run(int(at), dict(zip(FIRST, map(int, numbers), strict=True)))
