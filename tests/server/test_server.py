"""The server over real sockets: its own errors, its dispatchers, and its end."""

from __future__ import annotations

import json
import logging
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import pytest

from klink.server import Server, server

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment


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
        start("200 OK", [("Content-Length", "2"), ("Content-Type", "text/plain")])
        return [b"ok"]


class Running:
    """A server in a thread of its own."""

    def __init__(self) -> None:
        self.app = App()
        self.ended_threads: list[str] = []
        self.server = Server(
            self.app,
            host="127.0.0.1",
            port=0,
            threads=2,
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
    found = b""
    while True:
        try:
            data = connection.recv(65536)
        except ConnectionResetError:  # the server closed before it had read everything
            return found
        if not data:
            return found
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


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    yield made
    made.app.may_go.set()
    made.stop()


def test_an_answer_names_the_server_without_its_version(running: Running) -> None:
    answer = running.ask(get("/a", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\nServer: klink\r\n" in answer


def test_forwarded_headers_reach_the_application_as_they_came(running: Running) -> None:
    running.ask(get("/a", "X-Forwarded-For: 192.0.2.1", "X-Forwarded-Proto: https"))
    assert running.app.environ["HTTP_X_FORWARDED_FOR"] == "192.0.2.1"
    assert running.app.environ["wsgi.url_scheme"] == "http"
    assert running.app.environ["REMOTE_ADDR"] == "127.0.0.1"


BROKEN: list[tuple[Callable[[bytes], bytes], int, str]] = [
    (lambda path: b"GET " + path + b" HTTP/1.1\r\nno header\r\n\r\n", 400, "bad_request"),
    (lambda path: b"GET " + path + b" HTTP/1.1\r\nA: b\nc: d\r\n\r\n", 400, "bad_request"),
    (
        lambda path: b"POST " + path + b" HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        400,
        "bad_request",
    ),
    (
        lambda path: b"POST " + path + b" HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        413,
        "body_too_large",
    ),
    (
        lambda path: b"GET " + path + b" HTTP/1.1\r\nA: " + b"x" * 65_536 + b"\r\n\r\n",
        431,
        "headers_too_large",
    ),
    (
        lambda path: b"POST " + path + b" HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
        501,
        "not_implemented",
    ),
]


@pytest.mark.parametrize("request_to,status,code", BROKEN)
def test_what_is_no_request_gets_a_problem_on_api_paths_and_text_elsewhere(
    running: Running, request_to: Callable[[bytes], bytes], status: int, code: str
) -> None:
    for path in (b"/api/v1/links", b"/klinky/api/v1/x?y=z", b"http://localhost/api"):
        head, _, body = running.ask(request_to(path)).partition(b"\r\n\r\n")
        assert int(head.split()[1]) == status
        assert b"Content-Type: application/problem+json" in head
        problem = json.loads(body)
        assert (problem["status"], problem["code"]) == (status, code)
    head, _, body = running.ask(request_to(b"/spring")).partition(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    assert b"Content-Type: text/plain" in head
    assert b"Connection: close" in head
    assert body.strip()
    assert b"klink" not in body
    assert b"generated by" not in body


def test_garbage_is_told_so(running: Running) -> None:
    assert running.ask(b"\x16\x03\x01\x02\x00\r\n\r\n").startswith(b"HTTP/1.0 400 ")


def test_programs_that_ask_for_json_get_it_on_any_path(running: Running) -> None:
    raw = b"POST /spring HTTP/1.1\r\nAccept: application/json\r\nContent-Length: 99999999\r\n\r\n"
    assert b"application/problem+json" in running.ask(raw)


def test_a_broken_application_shows_nothing_of_itself(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.ERROR, "waitress"):
        answer = running.ask(get("/broken", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"secret" not in answer
    assert b"Traceback" not in answer
    assert "the secret reason" in caplog.text


def test_an_api_that_is_busy_holds_up_no_visitor(running: Running) -> None:
    busy = [running.connect() for _ in range(3)]
    for connection in busy:
        connection.sendall(get("/api/slow"))
    for _ in range(2):  # both workers of the office
        assert running.app.entered.acquire(timeout=10)
    assert running.ask(get("/spring", "Connection: close")).endswith(b"ok")
    running.app.may_go.set()
    for connection in busy:
        assert is_ok(connection)
        connection.close()


def test_the_end_waits_for_requests_at_hand_and_closes_the_idle(running: Running) -> None:
    idle, used, slow = (running.connect() for _ in range(3))
    used.sendall(get("/a"))
    assert is_ok(used)
    slow.sendall(get("/slow"))
    assert running.app.entered.acquire(timeout=10)
    running.server.request_stop()
    assert read_all(idle) == read_all(used) == b""
    with pytest.raises(OSError, match="refused"):
        running.connect()
    assert running.thread.is_alive()
    running.app.may_go.set()
    answer = read_all(slow)
    assert answer.endswith(b"ok")
    assert b"Connection: close" in answer
    running.thread.join(10)
    assert not running.thread.is_alive()
    running.server.close()
    assert len(running.ended_threads) == 4
    for connection in (idle, used, slow):
        connection.close()


def test_the_end_does_not_wait_for_ever(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "DRAIN_S", 0.2)
    stuck = running.connect()
    stuck.sendall(b"GET /a HTTP/1.1\r\nHost: loc")
    half = running.connect()
    half.sendall(get("/slow"))
    assert running.app.entered.acquire(timeout=10)
    running.server.request_stop()
    running.thread.join(10)
    assert not running.thread.is_alive()
    stuck.close()
    half.close()


def test_a_request_that_has_arrived_when_the_end_comes_is_answered(running: Running) -> None:
    connections = [running.connect() for _ in range(8)]
    for connection in connections:  # all are known to the loop
        connection.sendall(get("/a"))
        assert is_ok(connection)
    for connection in connections:
        connection.sendall(get("/a"))
    running.server.request_stop()
    for connection in connections:
        assert read_all(connection).endswith(b"ok")
        connection.close()
