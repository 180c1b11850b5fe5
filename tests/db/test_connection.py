"""The unit of work: what commits, what rolls back, and what is told apart."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
import time
from pathlib import Path

import peewee
import psycopg
import pytest

from klink.db import connection
from klink.db.connection import DatabaseBusy, DatabaseUnusable, database
from klink.db.models import Meta
from tests.locks import locked


def put(key: str) -> None:
    Meta.insert(key=key, value="").execute()


def keys() -> set[str]:
    return {row.key for row in Meta.select()} - {"epoch", "schema"}


def test_nested_units_of_work_are_one(db: str) -> None:
    def fail() -> None:
        with connection.write():
            put("outer")
            with connection.write():
                put("inner")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert keys() == set()


def test_a_savepoint_fails_alone(db: str) -> None:
    with connection.write():
        put("before")
        with pytest.raises(peewee.IntegrityError), connection.savepoint():
            put("before")
        put("after")
    assert keys() == {"before", "after"}


def test_what_waits_for_the_commit_runs_after_it_or_never(db: str) -> None:
    ran: list[str] = []

    def fail() -> None:
        with connection.write():
            connection.after_commit(lambda: ran.append("failed"))
            raise RuntimeError

    with connection.write():
        connection.after_commit(lambda: ran.append("committed"))
        assert ran == []
    with pytest.raises(RuntimeError):
        fail()
    assert ran == ["committed"]


def test_a_mistake_in_a_statement_is_not_taken_for_a_busy_database(db: str) -> None:
    with pytest.raises(peewee.DatabaseError), connection.read():
        database.execute_sql("SELECT nothing FROM nowhere")


def test_a_locked_database_is_busy_after_a_while(tmp_path: Path) -> None:
    connection.connect("sqlite:///klink.db", tmp_path)
    other = sqlite3.connect(tmp_path / "klink.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseBusy), connection.write():
        raise AssertionError("the lock is another's")
    other.execute("ROLLBACK")
    other.close()
    connection.disconnect()


def test_waiting_for_a_thread_and_for_a_process_takes_no_longer_than_for_one(
    tmp_path: Path,
) -> None:
    connection.connect("sqlite:///klink.db", tmp_path)
    took: list[float] = []

    def write() -> None:
        began = time.monotonic()
        with pytest.raises(DatabaseBusy), connection.write():
            pass
        took.append(time.monotonic() - began)
        connection.close_thread()

    with locked(f"sqlite:///{tmp_path / 'klink.db'}"):
        first = threading.Thread(target=write)
        second = threading.Timer(connection.LOCK_TIMEOUT_S / 4, write)
        first.start()
        second.start()
        first.join()
        second.join()
    with connection.write():
        [(timeout,)] = database.execute_sql("PRAGMA busy_timeout").fetchall()
    connection.disconnect()
    assert len(took) == 2
    assert max(took) < connection.LOCK_TIMEOUT_S * 1.7
    assert timeout == connection.LOCK_TIMEOUT_S * 1000


@pytest.mark.parametrize("url", ["sqlite:///klink.db", "postgresql://x:secret@[/nonsense"])
def test_what_is_no_database_is_refused_without_its_password(tmp_path: Path, url: str) -> None:
    (tmp_path / "klink.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseUnusable) as caught:
        connection.connect(url, tmp_path)
    assert "secret" not in str(caught.value)
    connection.disconnect()


def test_a_fresh_sqlite_database_is_its_owners_in_a_folder_that_all_may_read(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o755)
    before = os.umask(0o022)
    try:
        connection.connect("sqlite:///klink.db", tmp_path)
        with connection.write():
            database.execute_sql("CREATE TABLE t (a)")
        files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
        connection.disconnect()
    assert files == {"klink.db": 0o600, "klink.db-wal": 0o600, "klink.db-shm": 0o600}


def test_a_database_file_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="No such file or directory"):
        connection.connect("sqlite:///nowhere/klink.db", tmp_path)
    connection.disconnect()


def test_an_sqlite_that_is_too_old_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 9))
    monkeypatch.setattr(sqlite3, "sqlite_version", "3.36.9")
    with pytest.raises(DatabaseUnusable, match=r"SQLite here is 3\.36\.9.* needs 3\.37"):
        connection.connect("sqlite:///klink.db", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_fresh_sqlite_database_gives_room_back(tmp_path: Path) -> None:
    connection.connect("sqlite:///klink.db", tmp_path)
    pragmas = {
        name: database.execute_sql(f"PRAGMA {name}").fetchone()[0]
        for name in ("auto_vacuum", "journal_mode", "synchronous", "foreign_keys")
    }
    assert pragmas == {"auto_vacuum": 2, "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    connection.disconnect()


def test_after_an_outage_one_request_notices_and_the_others_connect_anew(
    db: str, engine: str
) -> None:
    if engine == "sqlite":  # has no server that could be restarted
        return
    outcomes: list[str] = []
    cut, noticed = threading.Event(), threading.Event()

    def other() -> None:
        with connection.read():
            keys()
        cut.set()
        assert noticed.wait(10)
        with connection.read():
            outcomes.append("read" if not keys() else "")
        connection.close_thread()

    thread = threading.Thread(target=other)
    thread.start()
    with connection.read():
        keys()
    assert cut.wait(10)
    with psycopg.connect(db, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(DatabaseBusy), connection.read():
        keys()
    noticed.set()
    thread.join(10)
    assert outcomes == ["read"]


@pytest.mark.usefixtures("db")
def test_after_much_writing_each_commit_is_on_the_disk_again() -> None:
    def synchronous() -> str | None:
        sql = "PRAGMA synchronous" if connection.engine() == "sqlite" else "SHOW fsync"
        return str(connection.database.execute_sql(sql).fetchone()[0])

    before = synchronous()
    with pytest.raises(KeyError), connection.writing_much():
        with connection.write():
            Meta.insert(key="much", value="written").execute()
        raise KeyError
    assert synchronous() == before
    assert Meta.get(Meta.key == "much").value == "written"
