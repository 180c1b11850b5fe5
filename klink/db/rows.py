"""Rows in few and ready statements: for what is made by the thousand, or at every request.

Peewee writes an ``INSERT`` of a thousand rows in Python, value by value, which takes longer
than the database takes to store them. Here the statement is written once and the rows go to
the engine as they are: SQLite binds them one after another, PostgreSQL reads them from one
JSON text. Numbers are drawn before the rows are written, so nothing has to be read back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from operator import itemgetter
from typing import Any

import peewee

from klink.db.connection import database, engine
from klink.db.models.base import Base, MomentField

# Any: peewee hides its translation of the drivers' errors from type checkers.
_as_peewee_says: Any = vars(peewee)["__exception_wrapper__"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)

Row = Mapping[str, Any]  # Any: a value for each column, of the column's own type


def one(sql: str, *values: object) -> tuple[Any, ...] | None:
    """The first row of a query, or None.

    :param sql: with ``?`` for each value, and no other ``?`` or ``%``.
    """
    found: tuple[Any, ...] | None = _execute(sql, values).fetchone()
    return found


def all_of(sql: str, *values: object) -> list[tuple[Any, ...]]:
    """All rows of a query, likewise."""
    found: list[tuple[Any, ...]] = _execute(sql, values).fetchall()
    return found


def run(sql: str, *values: object) -> int:
    """Run a statement that gives no rows, likewise; return how many it changed."""
    return int(_execute(sql, values).rowcount)


def among(column: str, values: Sequence[int] | Sequence[str]) -> tuple[str, object]:
    """A condition that ``column`` has one of many values, and the one value of its ``?``."""
    if len(values) == 1:
        return f"{column} = ?", values[0]
    if engine() == "sqlite":
        return f"{column} IN (SELECT value FROM json_each(?))", json.dumps(values)  # noqa: S608 - own
    return f"{column} = ANY(?)", list(values)


def _execute(sql: str, values: Sequence[object]) -> Any:  # Any: a cursor of either driver
    if engine() == "sqlite":
        with _as_peewee_says:
            return database.connection().execute(sql, values)
    return database.execute_sql(sql.replace("?", "%s"), values)


def draw(model: type[Base], many: int) -> list[int]:
    """Numbers for this many new rows of a table, which no other row gets; lowest first.

    Only inside a unit of work: on SQLite they are its own until it ends, and free again when
    it is rolled back.
    """
    if not many:
        return []
    table = model._meta.table_name
    if engine() == "sqlite":
        row = one("SELECT seq FROM sqlite_sequence WHERE name = ?", table)
        first = (row[0] if row else 0) + 1
        return list(range(first, first + many))
    sql = "SELECT nextval(pg_get_serial_sequence(?, ?)) FROM generate_series(1, ?)"
    (key,) = model._meta.get_primary_keys()  # type: ignore[no-untyped-call]  # of peewee
    return sorted(number for (number,) in all_of(sql, table, key.column_name, many))


def insert(model: type[Base], rows: Sequence[Row]) -> None:
    """Insert rows; all name the same fields, and what they do not name is null.

    :param rows: values by the model's names for its fields; times as datetimes or in
        milliseconds.
    :raises peewee.IntegrityError: when one of them cannot stand beside what is there.
    """
    if not rows:
        return
    shape = _shape(model, tuple(rows[0]), engine())
    values = [shape.pick(row) for row in rows]
    for i in shape.moments:
        for row in values:
            if isinstance(row[i], datetime):
                row[i] = (row[i] - _EPOCH) // _MS
    if engine() == "sqlite":
        with _as_peewee_says:
            database.connection().executemany(shape.sql, values)
    else:
        named = [dict(zip(shape.columns, row, strict=True)) for row in values]
        database.execute_sql(shape.sql, (json.dumps(named),))


class _Shape:
    """How rows with these fields are written to a table of an engine."""

    def __init__(self, model: type[Base], names: tuple[str, ...], of: str) -> None:
        fields = [model._meta.fields[name] for name in names]
        self.columns = [field.column_name for field in fields]
        self.moments = [i for i, field in enumerate(fields) if isinstance(field, MomentField)]
        self._get = itemgetter(*names)
        table = model._meta.table_name
        listed = ", ".join(f'"{column}"' for column in self.columns)
        if of == "sqlite":
            marks = ", ".join("?" * len(names))
            self.sql = f'INSERT INTO "{table}" ({listed}) VALUES ({marks})'  # noqa: S608 - own names
        else:
            self.sql = (
                f'INSERT INTO "{table}" ({listed}) SELECT {listed} '  # noqa: S608 - own names
                f'FROM json_populate_recordset(NULL::"{table}", %s::json)'
            )

    def pick(self, row: Row) -> list[Any]:
        """The row's values in the order of the columns."""
        return list(self._get(row))


_shape = cache(_Shape)
