"""The unit of work: what commits, what rolls back, and what is told apart."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import peewee
import pytest

from klink.db import connection
from klink.db.connection import DatabaseBusy, DatabaseUnusable, database
from klink.db.models import Meta


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


@pytest.mark.parametrize("url", ["sqlite:///klink.db", "postgresql://x:secret@[/nonsense"])
def test_what_is_no_database_is_refused_without_its_password(tmp_path: Path, url: str) -> None:
    (tmp_path / "klink.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseUnusable) as caught:
        connection.connect(url, tmp_path)
    assert "secret" not in str(caught.value)
    connection.disconnect()


def test_a_fresh_sqlite_database_gives_room_back(tmp_path: Path) -> None:
    connection.connect("sqlite:///klink.db", tmp_path)
    pragmas = {
        name: database.execute_sql(f"PRAGMA {name}").fetchone()[0]
        for name in ("auto_vacuum", "journal_mode", "synchronous", "foreign_keys")
    }
    assert pragmas == {"auto_vacuum": 2, "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    connection.disconnect()
