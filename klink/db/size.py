"""How large the database is."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from klink.db.connection import database, engine, read

__all__ = ["Sizes", "sizes"]


class Sizes(NamedTuple):
    """Disk space.

    :ivar wal_bytes: of SQLite's write-ahead log; None on PostgreSQL, whose log is all its
        databases'.
    """

    data_bytes: int
    wal_bytes: int | None


def sizes() -> Sizes:
    """What the database takes now.

    :raises DatabaseBusy: when it does not answer.
    """
    if engine() == "postgresql":
        with read():
            row = database.execute_sql("SELECT pg_database_size(current_database())").fetchone()
        return Sizes(int(row[0]), None)
    with read():
        database.execute_sql("SELECT 1 FROM meta").fetchone()
        path = Path(database.database)
    return Sizes(_bytes(path), _bytes(path.with_name(f"{path.name}-wal")))


def _bytes(path: Path) -> int:
    """A file's size; 0 when there is none."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
