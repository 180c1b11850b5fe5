"""PostgreSQL's rows as text, table by table, and back; with what the server speaks anyway.

A dump is read in one transaction that sees the database as it was when it began. It holds rows
only: tables are made by the migrations, up to the schema that the dump had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from klink.db.connection import database, read

__all__ = [
    "Snapshot", "Table", "empty", "load", "move_aside", "others", "set_sequences", "snapshot",
    "tables",
]  # fmt: skip

_TABLES = """
    SELECT relname FROM pg_class
    WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' ORDER BY relname
"""
_COLUMNS = """
    SELECT attname FROM pg_attribute
    WHERE attrelid = (quote_ident(%s))::regclass AND attnum > 0 AND NOT attisdropped
    ORDER BY attnum
"""
_PARENTS = """
    SELECT child.relname, parent.relname FROM pg_constraint
    JOIN pg_class child ON child.oid = conrelid JOIN pg_class parent ON parent.oid = confrelid
    WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""
_SEQUENCES = """
    SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = current_schema()
"""
_OTHERS = """
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
    AND application_name = 'klink' AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True, slots=True)
class Table:
    """What is dumped of a table."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The database as it was at one moment.

    :ivar tables: such that none comes before one that it refers to.
    :ivar sequences: by name the last number that was given out; None: none was.
    :ivar facts: what the database knows of itself, ``schema`` and ``epoch`` among others.
    :ivar positions: by stream of the journal the segment up to which it is counted.
    """

    tables: tuple[Table, ...]
    sequences: Mapping[str, int | None]
    facts: Mapping[str, str]
    positions: Mapping[str, int]
    # Any: psycopg's connection, which peewee gives without a type.
    _connection: Any = field(repr=False)

    def copy(self, table: Table, write: Callable[[bytes], object]) -> int:
        """Give the rows of a table, as COPY's text, piece by piece; return how many there are."""
        statement = sql.SQL("COPY {} ({}) TO STDOUT").format(*_words(table))
        with self._connection.cursor() as cursor:
            with cursor.copy(statement) as rows:
                for piece in rows:
                    write(bytes(piece))
            return int(cursor.rowcount)


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """See one moment of the bound database during the block.

    :raises DatabaseBusy: when it does not answer.
    """
    with read():
        connection = database.connection()
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        try:
            names = tables()
            found = tuple(Table(name, _columns(name)) for name in names)
            sequences = dict(_ask(_SEQUENCES))
            positions = dict(_ask("SELECT stream, segment FROM journal_positions"))
            facts = dict(_ask("SELECT key, value FROM meta"))
            yield Snapshot(found, sequences, facts, positions, connection)
        finally:
            if not connection.closed:
                connection.execute("ROLLBACK")


def tables() -> list[str]:
    """Every table of the bound database, none before one that it refers to."""
    left = [str(name) for (name,) in _ask(_TABLES)]
    parents: dict[str, set[str]] = {name: set() for name in left}
    for child, parent in _ask(_PARENTS):
        if child != parent:
            parents[child].add(parent)
    order: list[str] = []
    while left:
        ready = [name for name in left if parents[name] <= set(order)]
        order += ready
        left = [name for name in left if name not in ready]
        if not ready:  # a circle, which klink's tables have not
            raise ValueError(f"tables that refer to each other: {left}")
    return order


def load(table: Table, pieces: Iterable[bytes]) -> int:
    """Fill a table, in place of what is in it, from COPY's text; return how many rows.

    Part of the current ``write()``.
    """
    # Any: psycopg's connection, which peewee gives without a type.
    connection: Any = database.connection()
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(*_words(table))
    with connection.cursor() as cursor:
        with cursor.copy(statement) as rows:
            for piece in pieces:
                rows.write(piece)
        return int(cursor.rowcount)


def empty(names: Iterable[str]) -> None:
    """Delete every row of these tables, in the current ``write()``."""
    listed = sql.SQL(", ").join(sql.Identifier(name) for name in names)
    database.connection().execute(sql.SQL("TRUNCATE {}").format(listed))


def set_sequences(last: Mapping[str, int | None]) -> None:
    """Go on giving out numbers after these, so that none comes back."""
    for name, value in last.items():
        database.execute_sql(
            "SELECT setval(quote_ident(%s)::regclass, %s, %s)",
            (name, 1 if value is None else value, value is not None),
        )


def move_aside(schema: str) -> None:
    """Move every table, with what belongs to it, into a new schema; part of ``write()``."""
    connection = database.connection()
    name = sql.Identifier(schema)
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(name))
    for table in tables():
        connection.execute(
            sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(sql.Identifier(table), name)
        )


def others() -> int:
    """How many other connections of klink's there are at the bound database."""
    return int(_ask(_OTHERS)[0][0])


def _columns(table: str) -> tuple[str, ...]:
    return tuple(str(name) for (name,) in _ask(_COLUMNS, table))


def _ask(statement: str, *values: object) -> list[Any]:  # rows of whatever was asked for
    return list(database.execute_sql(statement, values or None).fetchall())


def _words(table: Table) -> tuple[sql.Composable, sql.Composable]:
    columns = sql.SQL(", ").join(sql.Identifier(name) for name in table.columns)
    return sql.Identifier(table.name), columns
