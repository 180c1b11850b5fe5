"""recv and send that keep the interpreter's lock do what the socket's own do."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from klink.server import calls

Pair = tuple[socket.socket, socket.socket]


@pytest.fixture
def pair() -> Iterator[Pair]:
    one, other = socket.socketpair()
    one.setblocking(False)
    yield one, other
    one.close()
    other.close()


def test_what_is_sent_is_received(pair: Pair) -> None:
    one, other = pair
    assert calls.send(one.fileno(), b"a\0b") == 3
    assert other.recv(10) == b"a\0b"
    other.sendall(b"x" * 10_000)
    assert calls.recv(one.fileno()) == b"x" * 8192
    assert calls.recv(one.fileno()) == b"x" * 1808


def test_nothing_there_is_told_apart_from_the_end(pair: Pair) -> None:
    one, other = pair
    with pytest.raises(BlockingIOError):
        calls.recv(one.fileno())
    other.close()
    assert calls.recv(one.fileno()) == b""


def test_a_full_buffer_takes_a_part_and_then_nothing(pair: Pair) -> None:
    one, _ = pair
    data = b"x" * (64 << 20)
    assert 0 < calls.send(one.fileno(), data) < len(data)
    with pytest.raises(BlockingIOError):
        while True:
            calls.send(one.fileno(), data)


def test_whoever_has_gone_is_an_error_and_no_signal(pair: Pair) -> None:
    one, other = pair
    other.close()
    with pytest.raises(BrokenPipeError):
        calls.send(one.fileno(), b"a")
    with pytest.raises(OSError, match="Bad file descriptor"):
        calls.recv(-1)
