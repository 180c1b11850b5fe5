"""A consistent copy of a SQLite database that is in use, and what may be asked of a copy.

The copy is made page by page inside of one read transaction: it is the database as it was when
that began, whatever is written meanwhile, and nobody waits for it. (The log cannot begin anew
until it ends, and so grows by what is written.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from klink.db.connection import database, read

__all__ = [
    "bound_file",
    "copy_to",
    "facts",
    "integrity",
    "opened",
    "positions",
    "row_counts",
    "tidy",
]

_STEP_PAGES = 1024  # 4 MiB with pages of 4 KiB
_WAIT_S = 10.0
_MAPPED_BYTES = 256 << 20  # of the system's cache, which takes it back when it must

Progress = Callable[[int, int], None]
"""Told after each step how much is done of how much; what it raises ends the work."""


def bound_file() -> Path:
    """The file of the database that is bound, which must be SQLite's."""
    return Path(database.database)


def copy_to(target: Path, progress: Progress) -> None:
    """Copy the bound database into a new file; durable when this returns.

    :param progress: told of pages.
    :raises sqlite3.Error: when it cannot be read, or the copy not be written.
    """
    with opened(bound_file()) as source, opened(target, "rwc") as copy:
        # Nobody else has it, and what a crash leaves of it is thrown away.
        copy.execute("PRAGMA journal_mode = OFF")
        copy.execute("PRAGMA synchronous = OFF")
        source.execute("BEGIN")
        source.execute("SELECT 1 FROM sqlite_master").fetchone()  # here it begins
        source.backup(
            copy,
            pages=_STEP_PAGES,
            progress=lambda _, left, total: progress(total - left, total),
        )
        source.execute("ROLLBACK")


@contextmanager
def opened(file: Path, mode: str = "rw") -> Iterator[sqlite3.Connection]:
    """A connection of its own to a file, without transactions that nobody asked for.

    :param mode: as in SQLite's URIs.
    """
    uri = f"{file.absolute().as_uri()}?mode={mode}"
    found = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=_WAIT_S)
    try:
        yield found
    finally:
        found.close()


def positions(file: Path) -> dict[str, int]:
    """By stream of the journal the segment up to which a copy has counted it."""
    with opened(file) as copy:
        return dict(copy.execute("SELECT stream, segment FROM journal_positions"))


def facts(file: Path) -> dict[str, str]:
    """What a copy knows of itself, by key: ``schema`` and ``epoch`` among others."""
    with opened(file) as copy:
        return dict(copy.execute("SELECT key, value FROM meta"))


def row_counts(file: Path) -> dict[str, int]:
    """The rows of each table of a copy, but those of the search's index."""
    with opened(file) as copy:
        names = copy.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' "
            "AND name NOT LIKE 'sqlite@_%' ESCAPE '@' AND name NOT LIKE 'link@_words%' ESCAPE '@' "
            "ORDER BY name"
        ).fetchall()
        quoted = [(name, '"' + name.replace('"', '""') + '"') for (name,) in names]
        return {
            name: copy.execute(f"SELECT count(*) FROM {sql}").fetchone()[0]  # noqa: S608 - quoted
            for name, sql in quoted
        }


def integrity(file: Path) -> str:
    """What is wrong with a copy, in SQLite's words; '' when nothing is."""
    try:
        with opened(file) as copy:
            # Each entry of an index is looked up: by calls that is twice the work.
            copy.execute(f"PRAGMA mmap_size = {_MAPPED_BYTES}")
            found = [str(row[0]) for row in copy.execute("PRAGMA integrity_check(1)")]
    except sqlite3.DatabaseError as error:
        return str(error)
    return "" if found == ["ok"] else "; ".join(found)


def tidy() -> None:
    """Write what the log of the bound database holds into its file, and leave the log empty.

    :raises DatabaseBusy: when somebody else is at it.
    """
    with read():
        database.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
