"""Deleting so that nothing can be read back from the database's files."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from klink.db.connection import database, engine, read

__all__ = ["shredding"]

log = logging.getLogger(__name__)


@contextmanager
def shredding() -> Iterator[None]:
    """Overwrite what the block deletes or changes, in SQLite's file and in its log.

    It stands around a :func:`~klink.db.connection.write`, never within one. Somebody who goes on
    reading an older state keeps the log for two seconds more than this waits; then klink's next
    checkpoints overwrite it. PostgreSQL's own vacuum does this in its own time.

    :raises DatabaseBusy: when the database cannot be read now.
    """
    if engine() != "sqlite":
        yield
        return
    with read():
        before = int(database.execute_sql("PRAGMA secure_delete").fetchone()[0])
        database.execute_sql("PRAGMA secure_delete = ON").fetchall()
    try:
        yield
    finally:
        with read():
            database.execute_sql(f"PRAGMA secure_delete = {before}").fetchall()
    with read():
        is_busy, *_ = database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    if is_busy:
        log.info("somebody reads the database; its log is overwritten later")
