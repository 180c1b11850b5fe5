"""How long the server waits for a client, and who makes room when there is none."""

from __future__ import annotations

import contextlib
import logging
import socket
from collections.abc import Iterator

import pytest

from klink.server import channel, server
from tests.server.running import CHUNK, CHUNKS, Running, get, is_ok, read_all


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    """A server that looks at its connections all the time."""
    monkeypatch.setattr(server, "SWEEP_S", 0)
    made = Running()
    yield made
    made.app.may_go.set()
    made.stop()


def test_a_body_that_dribbles_is_cut_and_one_that_comes_is_not(
    impatient: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEADER_S", 1)
    monkeypatch.setattr(channel, "BODY_GRACE_S", 0)
    with impatient.connect() as slow, impatient.connect() as steady:
        for each in (slow, steady):
            each.sendall(get("/api/x", "Content-Length: 4000"))
        slow.sendall(b"x" * 100)  # worth 0.2 s
        steady.sendall(b"x" * 3999)  # worth 8
        assert read_all(slow) == b""
        steady.sendall(b"x")
        assert is_ok(steady)


def test_an_idle_connection_is_closed_in_time(
    impatient: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    with impatient.connect() as idle:
        idle.sendall(get("/a"))
        assert is_ok(idle)
        monkeypatch.setattr(server, "IDLE_S", 0.1)
        assert read_all(idle) == b""


def test_clients_that_take_nothing_hold_no_worker_for_ever(
    impatient: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "IDLE_S", 0.5)
    with contextlib.ExitStack() as stack:
        for _ in range(3):  # there are two workers
            stack.enter_context(impatient.connect()).sendall(get("/big"))
        assert impatient.ask(get("/a", "Connection: close")).endswith(b"ok")


def test_who_takes_a_big_answer_slowly_gets_all_of_it(
    impatient: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "IDLE_S", 2)
    with impatient.connect() as slow:
        slow.sendall(get("/big", "Connection: close"))
        assert len(read_all(slow).partition(b"\r\n\r\n")[2]) == len(CHUNK) * CHUNKS


def test_a_request_that_takes_long_is_not_the_clients_fault(
    impatient: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    with impatient.connect() as waiting, impatient.connect() as idle:
        waiting.sendall(get("/slow"))
        assert impatient.app.entered.acquire(timeout=10)
        monkeypatch.setattr(server, "IDLE_S", 0.2)
        assert read_all(idle) == b""
        monkeypatch.setattr(server, "IDLE_S", 10)
        impatient.app.may_go.set()
        assert is_ok(waiting)


def test_a_request_that_waits_for_the_one_before_has_its_time_after_it(
    impatient: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "HEADER_S", 1)
    with impatient.connect() as waiting, impatient.connect() as slow:
        waiting.sendall(get("/slow") + b"GET /a HT")
        assert impatient.app.entered.acquire(timeout=10)
        slow.sendall(b"GET /a HT")
        assert read_all(slow) == b""
        look = get("/a", "Connection: close")  # the loop turns, and looks at its connections
        assert impatient.ask(look).endswith(b"ok")
        impatient.app.may_go.set()
        assert is_ok(waiting)
        assert impatient.ask(look).endswith(b"ok")
        waiting.sendall(b"TP/1.1\r\n\r\n")
        assert is_ok(waiting)


def test_whoever_opens_all_connections_shuts_nobody_out(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server, "MAX_CONNECTIONS", 32)
    running = Running()
    with contextlib.ExitStack() as stack, caplog.at_level(logging.WARNING, "klink.server"):
        busy = stack.enter_context(running.connect())
        busy.sendall(get("/slow"))
        assert running.app.entered.acquire(timeout=10)
        hostile: list[socket.socket] = []
        for number in range(100):
            hostile.append(stack.enter_context(running.connect()))
            if number % 2:
                hostile[-1].sendall(b"GET /")
            assert running.ask(get("/a", "Connection: close")).endswith(b"ok")
        assert read_all(hostile[0]) == read_all(hostile[1]) == b""
        running.app.may_go.set()
        assert is_ok(busy)  # what is being answered is not idle
    running.stop()
    [said] = [record.message for record in caplog.records]
    assert "connections are open" in said
