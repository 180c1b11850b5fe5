"""A double of Cloudflare's siteverify on a loopback port: says what a test has told it to."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs


@dataclass
class Siteverify:
    """The running double.

    :ivar url: where it is.
    :ivar asked: the forms that it was sent.
    :ivar answers: what it says of a token; of those that it does not know, no.
    :ivar raw: said in the place of all answers: bytes, and a status.
    :ivar is_honest: whether a token counts once only.
    :ivar held: while it is not set, nobody is answered.
    """

    url: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    raw: tuple[int, bytes] | None = None
    is_honest: bool = True
    held: threading.Event = field(default_factory=threading.Event)

    def knows(self, token: str, **answer: Any) -> str:
        """Say yes to a token, with these fields besides."""
        self.answers[token] = {"success": True, "error-codes": [], **answer}
        return token

    def say(self, form: dict[str, str]) -> tuple[int, bytes]:
        """The answer to a form."""
        self.asked.append(form)
        self.held.wait(20)
        if self.raw is not None:
            return self.raw
        no = {"success": False, "error-codes": ["invalid-input-response"]}
        said = self.answers.get(form["response"], no)
        if self.is_honest and said["success"]:
            spent = {"success": False, "error-codes": ["timeout-or-duplicate"]}
            self.answers[form["response"]] = spent
        return 200, json.dumps(said).encode()


@contextmanager
def siteverify() -> Iterator[Siteverify]:
    """A double that runs during the block."""
    made = Siteverify()
    made.held.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
            status, body = made.say({name: each[0] for name, each in parse_qs(sent).items()})
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            with suppress(OSError):  # whoever asked may have heard enough
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{httpd.server_port}/siteverify"
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield made
    finally:
        made.held.set()
        httpd.shutdown()
        thread.join()
        httpd.server_close()


def wait_until_asked(double: Siteverify, many: int) -> None:
    """Wait until it has been asked so often."""
    deadline = time.monotonic() + 10
    while len(double.asked) < many:
        assert time.monotonic() < deadline
        time.sleep(0.005)
