"""The whole server as a process: how it starts, refuses, serves and ends."""

from __future__ import annotations

import os
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.server import BROWSER, Server, free_port

pytestmark = pytest.mark.live


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def server(database_url: str, data_dir: Path) -> Iterator[Server]:
    """A server that has been started on a fresh folder."""
    made = Server(data_dir, database_url)
    try:
        made.start()
        yield made
    finally:
        made.end()


def start_another(server: Server, **settings: str) -> subprocess.CompletedProcess[str]:
    """Try to start a server beside ``server``, which must be refused."""
    return subprocess.run(
        [sys.executable, "-m", "klink", "serve"],
        env={**server.env, **settings},
        cwd=server.data_dir.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_the_start_says_where_it_listens_and_how_to_make_the_first_key(server: Server) -> None:
    printed = server.log.read_text()
    assert f"listens on http://127.0.0.1:{server.port}\n" in printed
    assert "klink keys create --name me" in printed
    key = server.klink("keys", "create", "--name", "me")
    assert re.fullmatch(r"klink_[0-9A-Za-z]{40}", key)
    server.stop()
    server.log.unlink()
    server.start()
    assert "keys create" not in server.log.read_text()


def test_the_start_prints_a_set_up_link_as_long_as_nobody_has_a_password(server: Server) -> None:
    port = server.port
    found = re.search(rf"http://127.0.0.1:{port}/admin/setup/[\w-]+$", server.log.read_text(), re.M)
    assert found
    assert server.get(found[0].partition(str(port))[2]).status == 200
    command = ("users", "create", "ann@example.org", "--password-stdin")
    server.klink(*command, stdin="correct horse battery\n")
    assert server.get(found[0].partition(str(port))[2]).status == 410
    server.stop()
    server.log.unlink()
    server.start()
    assert "/admin/setup/" not in server.log.read_text()


def test_the_data_folder_is_for_the_owner_only(server: Server, data_dir: Path) -> None:
    assert stat.S_IMODE(data_dir.stat().st_mode) == 0o700
    assert stat.S_IMODE((data_dir / "secret").stat().st_mode) == 0o600


def test_a_link_is_made_followed_counted_and_seen_at_once(server: Server) -> None:
    key = server.klink("keys", "create", "--name", "me")
    link = server.create(key, url="https://example.com/landing", slug="spring")
    answer = server.get("/spring")
    assert (answer.status, answer.body) == (302, b"")
    assert answer.headers["location"] == "https://example.com/landing"
    assert answer.headers["server"] == "klink"
    server.get("/spring", headers={"User-Agent": "curl/8.5.0"})
    totals = server.get(f"/api/v1/links/{link['id']}/stats", key=key).json["totals"]
    assert (totals["clicks"], totals["views"]) == (1, 2)
    page = server.get("/nothing", headers={"Accept": "text/html"})
    assert (page.status, page.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_a_browser_that_types_the_password_is_sent_on(server: Server) -> None:
    key = server.klink("keys", "create", "--name", "me")
    server.create(key, url="https://example.com/", slug="locked", password="open sesame")
    head = (
        f"POST /locked HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nUser-Agent: {BROWSER}\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 20\r\n"
        "Connection: close\r\n\r\npassword=open+sesame"
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(head.encode())
        answer = connection.makefile("rb").read()
    assert answer.startswith(b"HTTP/1.1 303 ")
    assert b"\r\nLocation: https://example.com/\r\n" in answer
    assert "sesame" not in server.log.read_text()


def test_sigterm_ends_it_with_0_and_a_restart_goes_on(server: Server) -> None:
    key = server.klink("keys", "create", "--name", "me")
    link = server.create(key, url="https://example.com/", slug="spring")
    with socket.create_connection(("127.0.0.1", server.port)):  # an idle one holds nothing up
        for _ in range(5):
            server.get("/spring")
        status, seconds = server.stop()
    assert status == 0
    assert seconds < 5
    assert "Traceback" not in server.log.read_text()
    server.start()
    assert server.settled(key, link)["clicks"] == 5


def test_ctrl_c_ends_it_with_0_however_often_it_is_pressed(server: Server) -> None:
    for _ in range(3):
        os.kill(server.pid, signal.SIGINT)
    assert server.stop()[0] == 0


def test_a_second_server_on_the_same_folder_is_refused(server: Server, engine: str) -> None:
    if engine == "postgresql":  # there several may share a database; the port is still taken
        refused = start_another(server)
        assert "another program listens there already" in refused.stderr
    else:
        refused = start_another(server, KLINK_SERVER__LISTEN=f"127.0.0.1:{free_port()}")
        assert f"another klink serves {server.data_dir}" in refused.stderr
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "Traceback" not in refused.stderr
    assert server.get("/health").status == 200


def test_a_port_in_use_is_told_in_one_line(server: Server, tmp_path: Path) -> None:
    refused = start_another(
        server, KLINK_DATA_DIR=str(tmp_path / "other"), KLINK_DATABASE__URL="sqlite:///klink.db"
    )
    assert refused.returncode == 1
    last = refused.stderr.strip().splitlines()[-1]
    assert last == (
        f"klink: cannot listen on 127.0.0.1:{server.port}: another program listens there "
        "already; stop it or set server.listen"
    )


def test_a_strangers_text_cannot_begin_a_line_in_the_log(server: Server) -> None:
    server.get("/spring", headers={"X-Forwarded-For": "1.2.3.4"})
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as connection:
        connection.sendall(b"GET /%0aFAKE%1b[2J HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert connection.makefile("rb").read().startswith(b"HTTP/1.1 404")
    logged = server.log.read_text()
    assert "trusted_proxies" in logged
    assert "\nFAKE" not in logged
    assert "\x1b" not in logged


def test_the_office_is_closed_on_other_hosts(server: Server) -> None:
    answer = server.get("/api/v1/links", headers={"Host": "evil.example"})
    assert (answer.status, answer.json["code"]) == (421, "wrong_host")
    assert server.get("/health", headers={"Host": "10.0.0.1"}).status == 200
