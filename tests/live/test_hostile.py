"""Slow, rude and hostile clients cost the others nothing; the server sees to its own end of it."""

from __future__ import annotations

import socket
import sqlite3
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.live import impatient
from tests.live.conftest import ROOT, Load
from tests.live.server import BROWSER, Server

pytestmark = [pytest.mark.live, pytest.mark.alone]

MIB = 1 << 20
PLAIN = b"GET /spring HTTP/1.1\r\nHost: localhost\r\nUser-Agent: " + BROWSER.encode() + b"\r\n\r\n"
FORM = (
    b"POST /secret HTTP/1.1\r\nHost: localhost\r\nContent-Length: 12\r\n"
    b"Content-Type: application/x-www-form-urlencoded\r\n\r\npassword=abc"
)


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with little patience; how clients behave has nothing to do with the database."""
    folder = tmp_path_factory.mktemp("hostile")
    database = folder / "klink.db"
    database.write_bytes(sqlite_template.read_bytes())
    (folder / "data").mkdir()
    made = Server(folder / "data", f"sqlite:///{database}")
    made.program = "tests.live.impatient"
    try:
        made.start()
        yield made
        assert "Traceback" not in made.log.read_text()
    finally:
        made.end()


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    return server.klink("keys", "create", "--name", "live")


@pytest.fixture(scope="module")
def spring(server: Server, key: str) -> dict[str, Any]:
    server.create(key, url="https://example.com/", slug="secret", password="open sesame")
    server.create(key, url="https://example.com/" + "a" * 1900, slug="long")
    return server.create(key, url="https://example.com/", slug="spring")


def connect(server: Server) -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


def read_all(connection: socket.socket) -> bytes:
    found = bytearray()
    while data := connection.recv(65536):
        found += data
    return bytes(found)


def is_well(server: Server, key: str) -> bool:
    """Whether redirects, pages, forms and the API are answered."""
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    posted = server.request("POST", "/secret", headers=form)
    return (
        server.get("/spring").status == 302
        and server.get("/secret").status == 200
        and posted.status in (200, 401, 403, 422, 429)
        and server.get("/api/v1/links", key=key).status == 200
    )


def test_thousands_who_are_slow_silent_or_deaf_shut_nobody_out(
    server: Server, key: str, spring: dict[str, Any]
) -> None:
    before = Load(server.port, ["spring"], 2, 0).finish()
    files, memory = server.open_files, server.memory_bytes
    # More than there may be, so that some make room for the others.
    hostile = subprocess.Popen(
        [sys.executable, "-m", "tests.live.hostile", str(server.port), "1000", "1000", "2500"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    )
    try:
        assert hostile.stdout is not None
        assert hostile.stdout.readline() == b"open\n"
        load = Load(server.port, ["spring"], 3, 1_000_000)
        assert server.open_files > 3000
        assert is_well(server, key)
        during = load.finish()
        grown = server.memory_bytes - memory
        until = time.monotonic() + impatient.IDLE_S + 20
        while server.open_files > files + 20:
            assert is_well(server, key)
            assert time.monotonic() < until, server.open_files
    finally:
        hostile.kill()
        hostile.communicate(timeout=10)
    assert during.other == {}
    assert during.asked - len(during.answered) <= load.connections
    assert during.p99_s <= 20 * before.p99_s + 0.05
    assert grown < 150 * MIB


def test_a_pipeline_of_ten_thousand_is_answered_and_counted_whole(
    server: Server, key: str, spring: dict[str, Any]
) -> None:
    counted = server.settled(key, spring)["clicks"]
    asked = 10_000
    last = PLAIN.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    with connect(server) as connection:
        # Who sends all of it before reading would wait for itself.
        sender = threading.Thread(target=connection.sendall, args=(PLAIN * (asked - 1) + last,))
        sender.start()
        answers = read_all(connection)
        sender.join(20)
    assert answers.count(b"HTTP/1.1 302 Found\r\n") == asked
    assert server.settled(key, spring)["clicks"] - counted == asked


@pytest.mark.parametrize(
    "raw, status", [(PLAIN, b"302"), (FORM, b"4"), (b"GET /none" + PLAIN[11:], b"404")]
)
def test_who_stops_sending_after_its_request_is_answered(
    server: Server, spring: dict[str, Any], raw: bytes, status: bytes
) -> None:
    for pieces in ([raw], [raw[:20], raw[20:]]):
        for _ in range(5):  # five forms a minute may be wrong
            with connect(server) as connection:
                for piece in pieces:
                    connection.sendall(piece)
                connection.shutdown(socket.SHUT_WR)
                assert read_all(connection).startswith(b"HTTP/1.1 " + status)


def test_who_resets_in_the_middle_is_no_news(
    server: Server, key: str, spring: dict[str, Any]
) -> None:
    rude = [PLAIN, PLAIN * 50, FORM, b"GET /secret" + PLAIN[11:], FORM[:-5], PLAIN[:30], b""]
    for number in range(700):
        with connect(server) as connection:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.sendall(rude[number % len(rude)])
            if number % 2:
                connection.shutdown(socket.SHUT_WR)
    assert is_well(server, key)


def add_clicks(database_url: str, link_id: int, number: int) -> None:
    """Write raw clicks as the fold does."""
    path = database_url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=20)) as database, database:
        database.executemany(
            "insert into clicks (at, link_id, workspace_id, variant_id, run, kind, reason,"
            " is_click, is_view, visitor, net, country, device, browser, os, language, referrer)"
            " values (?, ?, 1, 0, 1, 0, '', 1, 1, '', '', '', '', '', '', '', ?)",
            ((time.time_ns() // 1_000_000, link_id, f"{at:x>200}.example") for at in range(number)),
        )


def test_a_big_answer_comes_whole_to_a_slow_reader_and_holds_up_nobody(
    server: Server, key: str, spring: dict[str, Any]
) -> None:
    link = server.create(key, url="https://example.com/", slug="big")
    found = sqlite3.connect(server.env["KLINK_DATABASE__URL"].removeprefix("sqlite:///"))
    with closing(found):
        [(link_id,)] = found.execute("select id from links where slug = 'big'")
    rows = 80_000
    add_clicks(server.env["KLINK_DATABASE__URL"], link_id, rows)
    memory = server.memory_bytes
    ask = (
        f"GET /api/v1/links/{link['id']}/clicks HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: Bearer {key}\r\nAccept: text/csv\r\nConnection: close\r\n\r\n"
    ).encode()
    with connect(server) as slow, connect(server) as leaves:
        for each in (slow, leaves):
            each.sendall(ask)
            begins = each.recv(12)
            assert begins == b"HTTP/1.1 200"
        leaves.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        leaves.close()
        load = Load(server.port, ["spring"], 2, 2_000_000)
        assert is_well(server, key)
        outcome = load.finish()
        answer = read_all(slow)
    assert outcome.other == {}
    assert outcome.asked - len(outcome.answered) <= load.connections
    assert len(answer) > 16 * MIB
    assert answer.count(b".example") == rows
    assert server.memory_bytes - memory < 150 * MIB
