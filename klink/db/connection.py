"""The one database: how it is bound, read, and written.

Two engines stand behind the same functions: SQLite (one writer, ``BEGIN IMMEDIATE``) and
PostgreSQL. Everything that changes data runs inside :func:`write`, the unit of work:
nested calls join the outer one, so a door decides what commits together.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Literal

import peewee

from klink import turns

log = logging.getLogger(__name__)

Engine = Literal["sqlite", "postgresql"]

LOCK_TIMEOUT_S = 2.0
"""How long a write waits for the lock before it is refused (architecture: event loop)."""

_RARELY = 8_000  # pages, 32 MB, of SQLite's log between two copies into its file
_CHECKPOINT = "wal_checkpoint(PASSIVE)"  # writes the log to the disk first

_OLDEST_SQLITE = (3, 37)  # has STRICT tables

database = peewee.DatabaseProxy()


class KlinkError(Exception):
    """A refusal with a stable ``code`` and a text that says what to do.

    It stands here, below the core, only because the database has one of its own;
    :mod:`klink.core.errors` holds the tree.
    """

    code = "error"


class DatabaseBusy(KlinkError):
    """The database could not be used in time: locked, full, or out of reach."""

    code = "database_busy"

    def __init__(self) -> None:
        super().__init__("the database is busy or cannot be written just now; try again soon")


class DatabaseUnusable(KlinkError):
    """What ``[database] url`` names is no database that klink can use."""

    code = "database_unusable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the database cannot be used: {reason}; see [database] url")


class _Bound:
    """What :func:`connect` has bound; one per process."""

    engine: Engine = "sqlite"
    outages = 0  # how often a connection was found cut
    writer = threading.Lock()  # fair turn-taking before SQLite's own lock, which is not


_mine = threading.local()


def connect(url: str, data_dir: Path) -> None:
    """Bind ``database`` to ``url`` and make sure that it answers.

    :param url: ``sqlite:///name.db`` (relative to ``data_dir``), ``sqlite:////absolute.db``
        or ``postgresql://…``.
    :raises DatabaseBusy: when it does not answer.
    :raises DatabaseUnusable: when what answers is no database of klink's.
    """
    disconnect()
    path = sqlite_path(url, data_dir)
    _Bound.engine = "postgresql" if path is None else "sqlite"
    try:
        if path is None:
            bound: peewee.Database = _postgresql(url)
        else:
            _check_sqlite()
            data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
            _begin(path)
            bound = _sqlite(path)
        database.initialize(bound)
        with read():
            database.execute_sql("SELECT 1")
    except peewee.DatabaseError as error:
        # PostgreSQL's driver may repeat a URL that it cannot read, with its password.
        reason = str(error) if _Bound.engine == "sqlite" else "its URL cannot be read"
        raise DatabaseUnusable(reason.strip().partition("\n")[0]) from error


def disconnect() -> None:
    """Close this thread's connection and let go of the database; safe when there is none."""
    if database.obj is not None:
        if not database.is_closed():
            database.close()
        database.initialize(None)


def close_thread() -> None:
    """Close the connection of the calling thread; a thread that ends calls this."""
    if database.obj is not None and not database.is_closed():
        database.close()


def engine() -> Engine:
    """The engine in use."""
    return _Bound.engine


def sqlite_path(url: str, data_dir: Path) -> Path | None:
    """The file behind a ``sqlite:///`` URL, or None for another engine."""
    return data_dir / url.removeprefix("sqlite:///") if url.startswith("sqlite:///") else None


def _check_sqlite() -> None:
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        needed = ".".join(map(str, _OLDEST_SQLITE))
        raise DatabaseUnusable(
            f"Python's SQLite here is {sqlite3.sqlite_version}, and klink needs {needed} or newer"
        )


def _begin(path: Path) -> None:
    """Make the file of a fresh database, for its owner only: it holds keys and visitors.

    SQLite gives the files beside it (``-wal``, ``-shm``) the same mode.
    ``auto_vacuum`` takes effect only before the first table, and afterwards setting it
    would cost every new connection the write lock.
    """
    try:
        if is_fresh := not path.exists() or path.stat().st_size == 0:
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise DatabaseUnusable(f"{path}: {error.strerror}") from error
    if is_fresh:
        pragmas = [("auto_vacuum", "INCREMENTAL"), ("journal_mode", "WAL")]
        fresh = peewee.SqliteDatabase(str(path), timeout=LOCK_TIMEOUT_S, pragmas=pragmas)
        with _refusals():
            fresh.connect()
            fresh.close()


class _Sqlite(peewee.SqliteDatabase):
    """Others have the turn while a commit waits for the disk."""

    def commit(self) -> None:
        """Commit."""
        with turns.given_back():
            super().commit()


class _Postgresql(peewee.PostgresqlDatabase):
    """Others have the turn while a commit waits for the server."""

    def commit(self) -> None:
        """Commit."""
        with turns.given_back():
            super().commit()


def _sqlite(path: Path) -> peewee.SqliteDatabase:
    return _Sqlite(
        str(path),
        timeout=LOCK_TIMEOUT_S,
        returning_clause=True,
        pragmas=[
            ("journal_mode", "WAL"),
            ("synchronous", "FULL"),
            ("foreign_keys", "ON"),
            ("cache_size", -32768),
            ("temp_store", "MEMORY"),
        ],
    )


def _postgresql(url: str) -> peewee.PostgresqlDatabase:
    timeout_ms = int(LOCK_TIMEOUT_S * 1000)
    return _Postgresql(
        url,
        prefer_psycopg3=True,
        connect_timeout=5,
        application_name="klink",
        options=f"-c lock_timeout={timeout_ms} -c client_min_messages=warning",
    )


def _open() -> None:
    """Give the calling thread a connection that works."""
    if database.is_closed():
        _connect()
    elif _Bound.engine == "postgresql" and not in_write() and not _is_trusted():
        database.close()
        _connect()


def _connect() -> None:
    _mine.outages = _Bound.outages
    database.connect()


def _is_trusted() -> bool:
    """Whether this thread's connection works, as far as anybody knows.

    A server that was restarted has cut everybody's; the first who notices tells the others.
    """
    since = getattr(_mine, "outages", _Bound.outages)
    return since == _Bound.outages and database.is_connection_usable()


@contextmanager
def _refusals() -> Iterator[None]:
    """Turn the driver's 'cannot now' into :class:`DatabaseBusy`."""
    try:
        yield
    except (peewee.OperationalError, peewee.InterfaceError) as error:
        if _is_our_mistake(error):
            raise
        if _Bound.engine == "postgresql" and not database.is_closed():
            _Bound.outages += not database.is_connection_usable()
        log.warning("the database refused: %s", str(error).splitlines()[0][:200])
        raise DatabaseBusy from error


def _is_our_mistake(error: Exception) -> bool:
    """Whether SQLite means the statement: it calls that operational, too."""
    code = getattr(error.__cause__ or error.__context__, "sqlite_errorcode", None)
    return code == sqlite3.SQLITE_ERROR


@contextmanager
def read() -> Iterator[None]:
    """Run reads on this thread's connection; inside :func:`write` they see its changes.

    :raises DatabaseBusy: when the database cannot be read now.
    """
    with _refusals():
        _open()
        yield


@contextmanager
def write() -> Iterator[None]:
    """One transaction; nested calls join it.

    Everything inside commits together or not at all. SQLite: ``BEGIN IMMEDIATE``, so
    there is one writer; keep it short (≤ 50 ms), since the others wait.

    :raises DatabaseBusy: when the lock is not had within ``LOCK_TIMEOUT_S``.
    """
    if in_write():
        yield
        return
    with _refusals():
        _open()
        if _Bound.engine == "postgresql":
            with database.atomic():
                yield
            return
        left_s = _wait_to_write()
        try:
            with _lock_timeout(left_s), database.atomic("IMMEDIATE"):
                yield
        finally:
            _Bound.writer.release()


@contextmanager
def snapshot() -> Iterator[None]:
    """Reads that all see the database as it was at the first of them, however long they take.

    Nothing may be written in the block. It takes no lock, so others write as ever; SQLite keeps
    what they write in the WAL until the block ends.

    :raises DatabaseBusy: when the database cannot be read now.
    """
    with _refusals():
        _open()
        if _Bound.engine == "postgresql":
            with database.atomic():
                database.execute_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                yield
            return
        with database.atomic("DEFERRED"):
            yield


def _wait_to_write() -> float:
    """Wait for the other threads; return the seconds that are left to wait for other processes."""
    if _Bound.writer.acquire(blocking=False):
        return LOCK_TIMEOUT_S
    until = time.monotonic() + LOCK_TIMEOUT_S
    with turns.given_back():
        if not _Bound.writer.acquire(timeout=LOCK_TIMEOUT_S):
            raise DatabaseBusy
    return until - time.monotonic()


@contextmanager
def _lock_timeout(left_s: float) -> Iterator[None]:
    """Wait no longer than this for SQLite's lock during the block."""
    if left_s >= LOCK_TIMEOUT_S:  # nobody was before us: the usual case costs nothing
        yield
        return
    database.execute_sql(f"PRAGMA busy_timeout = {max(1, int(left_s * 1000))}")
    try:
        yield
    finally:
        database.execute_sql(f"PRAGMA busy_timeout = {int(LOCK_TIMEOUT_S * 1000)}")


@contextmanager
def writing_much() -> Iterator[None]:
    """Commit without waiting for the disk each time, for work that can simply be done again.

    What others commit is as safe as ever, since their commits write down all before them. At the
    end everything is on the disk. Nothing of this is needed on PostgreSQL, which has nothing to
    copy from a log into a file.
    """
    if _Bound.engine != "sqlite":
        yield
        return
    with _refusals():
        _open()
        for pragma in ("synchronous = NORMAL", f"wal_autocheckpoint = {_RARELY}"):
            database.execute_sql(f"PRAGMA {pragma}")
    try:
        yield
    finally:
        with _refusals():
            for pragma in ("synchronous = FULL", "wal_autocheckpoint = 1000", _CHECKPOINT):
                database.execute_sql(f"PRAGMA {pragma}").fetchall()


def in_write() -> bool:
    """Whether the calling thread is inside :func:`write`."""
    return bool(database.transaction_depth() > 0)


def savepoint() -> AbstractContextManager[Any]:  # peewee's own type is not exported
    """A part of the current :func:`write` that can fail alone."""
    return database.savepoint()


def after_commit(fn: Callable[[], None]) -> None:
    """Run ``fn`` once the current :func:`write` has committed; never if it rolls back."""
    database.after_commit(fn)


def lock(name: str) -> None:
    """Hold the named lock until the current :func:`write` ends.

    SQLite has one writer and needs none; on PostgreSQL it is an advisory lock, so that
    "look, then insert" is safe there too.
    """
    if _Bound.engine == "postgresql":
        database.execute_sql("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))


def lock_each(names: Sequence[str]) -> None:
    """Hold each of these locks likewise, taken in their order."""
    if _Bound.engine == "postgresql":
        database.execute_sql(
            "SELECT count(pg_advisory_xact_lock(hashtextextended(name, 0))) "
            "FROM unnest(%s::text[]) AS name",
            (list(names),),
        )


def share_lock(name: str) -> None:
    """Hold the named lock likewise, but together with others who share it."""
    if _Bound.engine == "postgresql":
        database.execute_sql(
            "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))", (name,)
        )


def try_lock(name: str) -> bool:
    """Like :func:`lock`, but say False when another transaction holds it."""
    if _Bound.engine != "postgresql":
        return True
    row = database.execute_sql(
        "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", (name,)
    ).fetchone()
    return bool(row[0])
