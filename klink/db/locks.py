"""Locks that outlast a transaction, for work that takes many of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from klink.db.connection import DatabaseBusy, database, engine, read


@contextmanager
def held(name: str) -> Iterator[bool]:
    """Hold the named lock among processes for the block; gives False when another holds it.

    PostgreSQL: an advisory lock of this thread's session, which dies with its connection.
    SQLite: always True, since its only server is one process.
    """
    if engine() != "postgresql":
        yield True
        return
    mine = _ask("SELECT pg_try_advisory_lock(hashtextextended(%s, 0))", name)
    try:
        yield mine
    finally:
        if mine:
            with suppress(DatabaseBusy):  # no connection, so no lock either
                _ask("SELECT pg_advisory_unlock(hashtextextended(%s, 0))", name)


def _ask(sql: str, name: str) -> bool:
    with read():
        return bool(database.execute_sql(sql, (name,)).fetchone()[0])
