"""What the server reads of a request, what it refuses, and how little that may cost."""

from __future__ import annotations

import json
import logging
import time

import pytest
from waitress.adjustments import Adjustments

from klink.server import channel, server
from klink.server.parser import Parser
from tests.server.running import Running, get, is_ok, read_all

ENOUGH_S = 2.0
"""Processor time for lines that once took 10 s and more; they take some milliseconds."""


def parse(raw: bytes, piece: int = 8192) -> Parser:
    """Feed ``raw`` in pieces as the network would, until the parser has enough."""
    made = Parser(Adjustments(max_request_header_size=server.MAX_HEADER_BYTES))
    while raw and not made.completed:
        taken = made.received(raw[:piece])
        raw = raw[taken:]
    return made


def refusal(raw: bytes, piece: int = 8192) -> int:
    """The status of what the parser refuses."""
    error = parse(raw, piece).error
    assert error is not None
    return error.code


def with_lines(*lines: bytes, first: bytes = b"POST /api/v1/links HTTP/1.1") -> bytes:
    return b"\r\n".join([first, *lines, b"", b""])


SLOW = {
    "many ports": (b"GET a://" + b"1" * 14_000 + b" x\r\n\r\n", 400),
    "a long scheme": (b"GET " + b"a" * 15_000 + b" x\r\n\r\n", 400),
    "a long method": (b"G" * 15_000 + b"\x00 /\r\n\r\n", 400),
    "spaces in the request line": (b"GET" + b" " * 15_000 + b"/ x\r\n\r\n", 400),
    "spaces before a value": (with_lines(b"X:" + b" " * 60_000 + b"x"), 431),
    "as many as a line may have": (with_lines(b"X:" + b" " * 16_000 + b"x\x00"), 400),
    "spaces after a value": (with_lines(b"X: x" + b" " * 16_000 + b"\x00"), 400),
    "spaces in a value": (with_lines(b"X: " + b"x " * 8_000 + b"\x00"), 400),
    "a name without end": (with_lines(b"X" * 16_000), 400),
    "more headers than anybody sends": (with_lines(*[b"A:"] * 16_000), 431),
    "folds": (with_lines(b"X: x", *[b" x"] * 12_000), 400),
    "chunk extensions": (
        with_lines(b"Transfer-Encoding: chunked") + b"1" + b";a" * 4_000 + b"\x00\r\n",
        400,
    ),
}


@pytest.mark.parametrize("name", SLOW)
def test_no_line_takes_long_to_refuse(name: str) -> None:
    raw, status = SLOW[name]
    began_s = time.process_time()
    assert refusal(raw) == status
    assert time.process_time() - began_s < ENOUGH_S


def test_white_space_around_values_costs_nothing_and_is_dropped() -> None:
    began_s = time.process_time()
    lines = [b"X-%d:" % i + b" \t" * 8_000 + b"x y" + b" " * 100 for i in range(3)]
    lines += [b"Y: 1"] * 190
    made = parse(with_lines(*lines, first=b"GET / HTTP/1.1"))
    assert time.process_time() - began_s < ENOUGH_S
    assert made.error is None
    assert [made.headers[f"X_{i}"] for i in range(3)] == ["x y"] * 3


def test_a_url_may_have_a_long_query_and_not_an_endless_one() -> None:
    made = parse(b"GET /spring?q=" + b"x" * 15_000 + b" HTTP/1.1\r\n\r\n")
    assert made.error is None
    assert made.path == "/spring"
    assert refusal(b"GET /spring?q=" + b"x" * 17_000 + b" HTTP/1.1\r\n\r\n") == 414


def test_a_header_of_8_kib_is_read_and_one_of_20_is_not() -> None:
    assert parse(with_lines(b"Cookie: a=" + b"x" * 8_192, first=b"GET / HTTP/1.1")).error is None
    assert refusal(with_lines(b"Cookie: a=" + b"x" * 20_000, first=b"GET / HTTP/1.1")) == 431


@pytest.mark.parametrize(
    "target", [b"http://[x/", b"//[x", b"/a?b=[c", b"http://h/%zz", b"*", b"?x", b"http://h"]
)
def test_odd_targets_are_read_or_refused_and_never_an_error(target: bytes) -> None:
    error = parse(b"GET " + target + b" HTTP/1.1\r\n\r\n").error
    assert (error.code if error else None) == (400 if target == b"http://[x/" else None)


@pytest.mark.parametrize(
    "line", [b"GET /a\x00b HTTP/1.1", b"GET /a\tb HTTP/1.1", b"GET  / HTTP/1.1"]
)
def test_a_request_line_has_single_spaces_and_no_control_characters(line: bytes) -> None:
    assert refusal(line + b"\r\n\r\n") == 400


@pytest.mark.parametrize(
    "lines",
    [
        (b"Content-Length: 5", b"Transfer-Encoding: chunked"),
        (b"transfer-encoding: chunked", b"content-length: 0"),
        (b"Transfer-Encoding: chunked, chunked",),
        (b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked"),
        (b"Transfer-Encoding:",),
        (b"Content-Length: 5", b"Content-Length: 6"),
        (b"Content-Length: +5",),
        (b"Content-Length: " + b"9" * 5_000,),
        (b"X: a", b" folded"),
        (b"X: a", b"\tContent-Length: 5"),
        (b"X : a",),
        (b": a",),
    ],
)
def test_doubtful_framing_is_400(lines: tuple[bytes, ...]) -> None:
    assert refusal(with_lines(*lines)) == 400


def test_chunks_are_for_http_1_1_alone() -> None:
    for version in (b" HTTP/1.0", b" HTTP/2.0", b""):
        raw = with_lines(b"Transfer-Encoding: chunked", first=b"POST /api" + version)
        assert refusal(raw) == 400


@pytest.mark.parametrize(
    "sent", [b"1" * 2_000_000, b"1;" + b"a" * 2_000_000, b"0\r\nX: " + b"a" * 2_000_000]
)
def test_an_endless_line_between_chunks_is_refused_early(sent: bytes) -> None:
    made = parse(with_lines(b"Transfer-Encoding: chunked") + sent, piece=500)
    assert made.error is not None
    assert made.error.code == 400
    assert made.body_bytes_received < 20_000


def test_chunks_with_extensions_and_a_trailer_are_a_body() -> None:
    sent = b"5;a=b\r\nhello\r\n6\r\n world\r\n0\r\nX: y\r\n\r\n"
    for piece in (1, 3, 8192):
        made = parse(with_lines(b"Transfer-Encoding: chunked") + sent, piece)
        assert made.error is None
        assert made.get_body_stream().read() == b"hello world"
        assert made.headers["CONTENT_LENGTH"] == "11"
        made.close()


def posted(path: bytes, size: int, *, is_chunked: bool) -> bytes:
    if not is_chunked:
        lines = (b"Content-Length: %d" % size,)
        return with_lines(*lines, first=b"POST " + path + b" HTTP/1.1") + b" " * size
    head = with_lines(b"Transfer-Encoding: chunked", first=b"POST " + path + b" HTTP/1.1")
    return head + (b"1000\r\n" + b" " * 4096 + b"\r\n") * (size // 4096) + b"0\r\n\r\n"


@pytest.mark.parametrize("is_chunked", [False, True])
@pytest.mark.parametrize("path", [b"/api/v1/links", b"/spring", b"//api/x", b"/%61pi/x"])
def test_a_body_is_as_large_as_its_door_reads(path: bytes, is_chunked: bool) -> None:
    is_visitors = path == b"/spring"
    fits = 60 * 1024 if is_visitors else 4 * 1024 * 1024
    made = parse(posted(path, fits, is_chunked=is_chunked))
    assert made.error is None
    assert len(made.get_body_stream().read()) == fits
    made.close()
    too_large = 128 * 1024 if is_visitors else 5 * 1024 * 1024
    made = parse(posted(path, too_large, is_chunked=is_chunked))
    assert made.error is not None
    assert made.error.code == 413
    assert made.body_bytes_received < (1 if not is_chunked else too_large)
    made.close()


def test_a_refused_body_is_not_asked_for(running: Running) -> None:
    for line in ("Content-Length: 5000000", "Content-Length: x"):
        with running.connect() as connection:
            connection.sendall(get("/api/v1/links", line, "Expect: 100-continue"))
            assert read_all(connection).startswith(b"HTTP/1.1 4")


def test_a_request_that_expects_to_send_nothing_is_answered(running: Running) -> None:
    with running.connect() as connection:
        connection.sendall(get("/a", "Expect: 100-continue"))
        assert is_ok(connection)


def test_who_sends_too_large_a_body_gets_to_read_why(running: Running) -> None:
    for path in (b"/api/v1/links", b"/klookup/x"):
        with running.connect() as connection:
            connection.sendall(posted(path, 6 * 1024 * 1024, is_chunked=False))
            head, _, body = read_all(connection).partition(b"\r\n\r\n")
        assert b"413 Content Too Large" in head
        assert b"application/problem+json" in head
        assert json.loads(body)["code"] == "body_too_large"


def test_who_goes_on_sending_after_a_refusal_is_cut(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(channel, "LINGER_BYTES", 100_000)
    with running.connect() as connection, pytest.raises(OSError, match=r"reset|pipe"):
        connection.sendall(posted(b"/spring", 100_000, is_chunked=False))
        while True:
            connection.sendall(b"x" * 65_536)


def test_a_refused_connection_does_not_linger_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "LINGER_S", 0)
    monkeypatch.setattr(server, "SWEEP_S", 1)
    running = Running()
    with running.connect() as connection:
        connection.sendall(b"nonsense\r\n\r\n")
        assert b" 400 " in read_all(connection)
        with pytest.raises(OSError, match=r"reset|pipe"):
            while True:
                connection.sendall(b"x")
    running.stop()


def test_a_target_that_is_no_url_is_400_and_no_news(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        assert b" 400 Bad Request" in running.ask(b"GET http://[x/ HTTP/1.1\r\n\r\n")
    assert not caplog.records


def test_a_slow_request_line_holds_up_nobody(running: Running) -> None:
    began_s = time.monotonic()
    assert b" 400 " in running.ask(SLOW["many ports"][0])
    assert running.ask(get("/a", "Connection: close")).endswith(b"ok")
    assert time.monotonic() - began_s < ENOUGH_S


def test_a_header_that_takes_too_long_is_cut_and_a_body_is_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "HEADER_S", 0)
    monkeypatch.setattr(server, "SWEEP_S", 1)
    running = Running()
    with running.connect() as slow, running.connect() as idle, running.connect() as sending:
        slow.sendall(b"GET /a HTTP/1.1\r\nHost: loc")
        sending.sendall(get("/api/x", "Content-Length: 2"))
        assert read_all(slow) == b""
        sending.sendall(b"{}")
        assert is_ok(sending)
        idle.sendall(get("/a"))
        assert is_ok(idle)
    running.stop()
