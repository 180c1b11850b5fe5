"""Who clicked: the values that clicks came with, the most frequent first."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import peewee

from klink.db.connection import read
from klink.db.fold import OTHER
from klink.db.fold_statements import CAPPED
from klink.stats.ranges import Range
from klink.stats.scope import Scope

DEFAULT_LIMIT = 10
MAX_LIMIT = 100


class Dim(IntEnum):
    """What the day tables count by."""

    TOTAL = 0
    COUNTRY = 1
    DEVICE = 2
    BROWSER = 3
    OS = 4
    LANGUAGE = 5
    REFERRER = 6
    VARIANT = 7
    UTM_SOURCE = 8
    UTM_MEDIUM = 9
    UTM_CAMPAIGN = 10
    UTM_CONTENT = 11
    UTM_TERM = 12
    REASON = 13


PEOPLE_DIMS = tuple(dim for dim in Dim if dim not in (Dim.TOTAL, Dim.REASON))
"""What a breakdown shows; the reason is of those who are no people, and stands apart."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value and its counts.

    :param value: None is unknown or not sent.
    :param clicks: of people who were forwarded.
    :param rest: views by bots, previews and prefetches.
    :param unique_visitors: summed over UTC days; counted for variants only.
    """

    value: str | None
    clicks: int
    rest: int
    unique_visitors: int | None = None


@dataclass(frozen=True, slots=True)
class Top:
    """The most frequent values, and what all others have together.

    Visits that carried no variant or no such UTM parameter are in neither.
    """

    values: tuple[Value, ...] = ()
    other_clicks: int = 0
    other_rest: int = 0


def breakdown(scope: Scope, over: Range, limit: int = DEFAULT_LIMIT) -> dict[Dim, Top]:
    """The top values of every dimension but the total, by whole UTC days.

    One walk over the day rows of the range, all dimensions together; the engine ranks, so
    that values which strangers made up are not brought here by the thousand.
    """
    found: dict[Dim, list[Any]] = {dim: [] for dim in Dim if dim is not Dim.TOTAL}
    with read():
        for row in _ranked(scope, over, limit):
            found[Dim(row[0])].append(row)
    return {dim: _top(dim, rows) for dim, rows in found.items()}


def _ranked(scope: Scope, over: Range, limit: int) -> Any:
    """Rows (dim, value, clicks, rest, uniques, all clicks, all rest), ``limit`` a dimension."""
    # Any: peewee's query types do not survive chaining.
    table: Any = scope.days
    clicks, rest = peewee.fn.SUM(table.clicks), peewee.fn.SUM(table.rest)
    of_dim: dict[str, Any] = {"partition_by": [table.dim]}
    collected = table.dim.in_(CAPPED) & (table.value == OTHER)
    order = [
        peewee.Case(None, [(collected, 1)], 0),
        clicks.desc(),
        rest.desc(),
        table.value,
    ]
    ranked = (
        table.select(
            table.dim,
            table.value,
            clicks.alias("clicks"),
            rest.alias("rest"),
            peewee.fn.SUM(table.uniques).alias("uniques"),
            peewee.fn.SUM(clicks).over(**of_dim).alias("all_clicks"),
            peewee.fn.SUM(rest).over(**of_dim).alias("all_rest"),
            peewee.fn.ROW_NUMBER().over(**of_dim, order_by=order).alias("place"),
        )
        .where(scope.days_of(over), table.dim > Dim.TOTAL)
        .group_by(table.dim, table.value)
    )
    c = ranked.c
    columns = (c.dim, c.value, c.clicks, c.rest, c.uniques, c.all_clicks, c.all_rest)
    query: Any = peewee.Select([ranked], columns).where(c.place <= limit)
    return query.order_by(c.dim, c.place).bind(table._meta.database).tuples()


def _top(dim: Dim, rows: list[Any]) -> Top:
    """One dimension's ranked rows; what the fold has collected as "other" joins the others."""
    if not rows:
        return Top()
    values = tuple(
        Value(
            value=value or None,
            clicks=int(clicks),
            rest=int(rest),
            unique_visitors=int(uniques) if dim is Dim.VARIANT else None,
        )
        for _, value, clicks, rest, uniques, *_ in rows
        if not (dim in CAPPED and value == OTHER)
    )
    *_, all_clicks, all_rest = rows[0]
    return Top(
        values,
        other_clicks=int(all_clicks) - sum(value.clicks for value in values),
        other_rest=int(all_rest) - sum(value.rest for value in values),
    )
