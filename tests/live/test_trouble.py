"""The database is locked, the disk is full: visitors notice nothing, and nothing is hidden."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.live.conftest import Load
from tests.live.program import command
from tests.live.server import Server
from tests.locks import locked

pytestmark = [pytest.mark.live, pytest.mark.alone]

LOCKED_S = 5.0


def test_while_the_database_is_locked_redirects_go_on_and_writes_say_503(
    server: Server, key: str, database_url: str
) -> None:
    link = server.create(key, url="https://example.com/", slug="spring")
    # The change log is read twice a second and makes the cache let go once more.
    warm = Load(server.port, ["spring"], 1.2, 1_000_000).finish()
    with locked(database_url):
        until = time.monotonic() + LOCKED_S
        load = Load(server.port, ["spring"], LOCKED_S - 1, 0)
        began = time.monotonic()
        refused = server.request(
            "POST", "/api/v1/links", key=key, body={"url": "https://a.example/"}
        )
        took = time.monotonic() - began
        assert (refused.status, refused.json["code"]) == (503, "database_busy")
        assert int(refused.headers["retry-after"]) >= 1
        assert 1.5 < took < 4
        outcome = load.finish()
        time.sleep(max(0.0, until - time.monotonic()))
    assert outcome.other == {}
    assert len(outcome.answered) > 200
    made = server.create(key, url="https://a.example/")
    assert server.get(f"/{made['slug']}").status == 302
    counted = server.settled(key, link)["clicks"]
    answered = len(outcome.answered) + len(warm.answered)
    assert answered <= counted <= outcome.asked + warm.asked


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MiB."""
    folder = tmp_path / "small"
    folder.mkdir()
    sudo = [] if os.geteuid() == 0 else ["sudo", "-n"]
    mount = ["mount", "-t", "tmpfs", "-o", f"size=24m,mode=700,uid={os.getuid()}", "tmpfs"]
    subprocess.run([*sudo, *mount, str(folder)], check=True)
    yield folder
    subprocess.run([*sudo, "umount", "-l", str(folder)], check=True)


def fill(folder: Path) -> Path:
    """Write until not a byte more goes in."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"x" * size)
            except OSError:
                continue
    return filler


def test_a_full_disk_stops_no_redirect_and_the_loss_is_told(
    small_disk: Path, database_url: str, engine: str
) -> None:
    data_dir = small_disk / "data"
    data_dir.mkdir()
    if engine == "sqlite":  # the database is on the full disk too
        database_url = "sqlite:///klink.db"
    server = Server(data_dir, database_url)
    server.log = small_disk.parent / "server.log"
    try:
        server.start()
        key = server.klink("keys", "create", "--name", "live")
        link = server.create(key, url="https://example.com/", slug="spring")
        assert server.get("/spring").status == 302
        assert server.settled(key, link)["clicks"] == 1
        filler = fill(small_disk)
        outcome = Load(server.port, ["spring"], 2, 0).finish()
        assert outcome.other == {}
        assert outcome.asked - len(outcome.answered) <= 8
        assert len(outcome.answered) > 50
        filler.unlink()
        after = Load(server.port, ["spring"], 1, 1_000_000).finish()
        counted = server.settled(key, link)["clicks"]
        lost = server.get("/ready").json["ledger"]["lost"]
        answered = 1 + len(outcome.answered) + len(after.answered)
        assert lost > 0
        assert answered <= counted + lost <= answered + 16
        assert "lost" in server.log.read_text()
    finally:
        server.end()


def test_a_second_server_on_the_same_data_is_refused(
    server: Server, engine: str, database_url: str
) -> None:
    if engine == "postgresql":  # several processes may share it; each has its own folder
        other = Server(server.data_dir.parent / "other", database_url)
        other.log = server.data_dir.parent / "other.log"
        other.data_dir.mkdir()
        try:
            other.start()
        finally:
            other.end()
        return
    second = subprocess.run(
        command("serve", "--port", "0"),
        env=server.env,
        cwd=server.data_dir.parent,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert second.returncode == 1
    assert "another klink" in second.stderr


def test_the_server_sees_what_the_command_line_does_in_time(server: Server, key: str) -> None:
    server.klink("links", "create", "https://example.com/one", "--slug", "beside")
    assert server.get("/beside").headers["location"] == "https://example.com/one"
    server.klink("links", "update", "beside", "--url", "https://example.com/two")
    changed = time.monotonic()
    while server.get("/beside").headers["location"] != "https://example.com/two":
        assert time.monotonic() - changed < 1.0
    server.klink("links", "delete", "beside")
    deleted = time.monotonic()
    while server.get("/beside").status != 410:
        assert time.monotonic() - deleted < 1.0
    listed = server.get("/api/v1/links?state=trashed", key=key).json["items"]
    assert [link["slug"] for link in listed] == ["beside"]


def test_a_revoked_key_ends_at_once(server: Server, key: str) -> None:
    shown = server.get("/api/v1/me", key=key)
    assert shown.status == 200
    number = server.klink("keys", "list", "--json")
    import json

    [entry] = json.loads(number)
    server.klink("keys", "revoke", str(entry["id"]))
    assert server.get("/api/v1/me", key=key).status == 401


def test_reads_go_on_while_writers_write(server: Server, key: str) -> None:
    failures: list[int] = []
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            reply = server.request(
                "POST", "/api/v1/links", key=key, body={"url": "https://example.com/"}
            )
            if reply.status != 201:
                failures.append(reply.status)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    link = server.create(key, url="https://example.com/", slug="spring")
    outcome = Load(server.port, ["spring"], 2, 0).finish()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert outcome.other == {}
    counted = server.settled(key, link)["clicks"]
    assert len(outcome.answered) <= counted <= outcome.asked
