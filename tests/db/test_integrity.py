"""What the engine itself says of a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from klink.core.times import to_ms
from klink.db import integrity
from klink.db.connection import database, write
from klink.db.models import Audit

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


def test_a_whole_database_has_no_problems(db: str):
    assert integrity.problems() == []


def test_what_the_engine_finds_wrong_is_told_in_one_line(db: str, engine: str):
    with write():
        if engine == "postgresql":
            database.execute_sql(
                "UPDATE pg_index SET indisvalid = false "
                "WHERE indexrelid = 'audit_subject_id'::regclass"
            )
        else:
            database.execute_sql("PRAGMA writable_schema = ON")
            database.execute_sql(
                "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema "
                "WHERE name = 'links') WHERE name = 'audit_subject_id'"
            )
            database.execute_sql("PRAGMA writable_schema = OFF")
    if engine == "sqlite":
        database.close()
    [first, *_] = integrity.problems()
    assert "\n" not in first
    assert engine == "sqlite" or "audit_subject_id is not valid" in first


def test_the_newest_of_what_happened_is_known(db: str):
    assert integrity.newest_ms() is None
    with write():
        for days in (3, 1, 2):
            at = NOW - timedelta(days=days)
            Audit.create(at=at, action="link.created", subject="x", details="{}")
    assert integrity.newest_ms() == to_ms(NOW - timedelta(days=1))
