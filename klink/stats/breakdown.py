"""Who clicked: the values that clicks came with, the most frequent first."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from klink.db import fortnights
from klink.db.connection import database, read
from klink.db.fold import OTHER
from klink.db.fold_statements import CAPPED
from klink.db.models import LinkDay
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

_VALUED = tuple(dim for dim in Dim if dim is not Dim.TOTAL)


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


def breakdown(
    scope: Scope, over: Range, limit: int = DEFAULT_LIMIT, dims: Collection[Dim] = _VALUED
) -> dict[Dim, Top]:
    """The top values of these dimensions, by default of all but the total, by whole UTC days.

    One statement over the day rows of the range, all dimensions together; the engine ranks,
    so that values which strangers made up are not brought here by the thousand. When the
    range takes in all that a link has, the days that are added up come from their sums.
    """
    found: dict[Dim, list[Any]] = {dim: [] for dim in dims}
    with read():
        for row in _ranked(scope, over, limit, dims):
            found[Dim(row[0])].append(row)
    return {dim: _top(dim, rows) for dim, rows in found.items()}


# Grouped by value first: what SQLite sorts by a text first, it compares fastest.
_RANKED = """
    , summed AS (
        SELECT dim, value, sum(clicks) AS clicks, sum(rest) AS rest, sum(uniques) AS uniques
        FROM found GROUP BY value, dim),
    ranked AS (
        SELECT s.*,
            sum(clicks) OVER (PARTITION BY dim) AS all_clicks,
            sum(rest) OVER (PARTITION BY dim) AS all_rest,
            row_number() OVER (
                PARTITION BY dim
                ORDER BY CASE WHEN dim IN ({capped}) AND value = {p} THEN 1 ELSE 0 END,
                    clicks DESC, rest DESC, value) AS place
        FROM summed AS s)
    SELECT dim, value, clicks, rest, uniques, all_clicks, all_rest
    FROM ranked WHERE place <= {p} ORDER BY dim, place
"""

# Whole fortnights come from their sums, as far as there are, and all other days from their rows:
# day by day, so that those of these dimensions are sought, instead of being read among all others.
# In one statement with what it decides by, since a fold may add up more at any moment.
_DAYS_OF_WORKSPACE = """
    WITH RECURSIVE days (day) AS (
        SELECT min(day) FROM workspace_days WHERE workspace_id = {p} AND day >= {p} AND day < {p}
        UNION ALL SELECT day + 1 FROM days WHERE day + 1 < {p}),
    found AS (
        SELECT dim, value, clicks, rest, 0 AS uniques FROM workspace_fortnights
        WHERE workspace_id = {p} AND dim IN ({dims}) AND fortnight >= {p} AND fortnight < {p}
            AND fortnight < (SELECT summed_to_day / {fortnight} FROM workspaces WHERE id = {p})
        UNION ALL SELECT d.dim, d.value, d.clicks, d.rest, d.uniques
        FROM days AS n CROSS JOIN workspace_days AS d
        WHERE NOT (n.day >= {p} AND n.day < {p} AND n.day < (
                SELECT summed_to_day / {fortnight} * {fortnight} FROM workspaces WHERE id = {p}))
            AND d.workspace_id = {p} AND d.day = n.day AND d.dim IN ({dims}))
"""

_DAYS_OF_LINK = """
    WITH known AS (
        SELECT t.link_id, t.summed_to_day FROM link_totals AS t
        WHERE t.link_id = {p} AND t.summed_to_day <= {p}
            AND {p} <= (SELECT min(d.day) FROM link_days AS d WHERE d.link_id = t.link_id)),
    found AS (
        SELECT v.dim, v.value, v.clicks, v.rest, v.uniques
        FROM known AS k CROSS JOIN link_value_totals AS v
        WHERE v.link_id = k.link_id AND v.dim IN ({dims})
        UNION ALL SELECT dim, value, clicks, rest, uniques FROM link_days
        WHERE link_id = {p} AND day >= coalesce((SELECT summed_to_day FROM known), {p})
            AND day < {p} AND dim IN ({dims}))
"""


def _ranked(scope: Scope, over: Range, limit: int, dims: Collection[Dim]) -> Any:
    """Rows (dim, value, clicks, rest, uniques, all clicks, all rest), ``limit`` a dimension."""
    source, parameters = _DAYS_OF_WORKSPACE, _of_workspace(scope.id, over)
    if scope.days is LinkDay:
        known, between = (scope.id, over.end_day, over.first_day), (over.first_day, over.end_day)
        source, parameters = _DAYS_OF_LINK, [*known, scope.id, *between]
    words = {
        "capped": ", ".join(map(str, CAPPED)),
        "dims": ", ".join(str(int(dim)) for dim in dims),
        "fortnight": fortnights.DAYS,
    }
    text = (source + _RANKED).format(p=database.param, **words)
    # Any: a cursor of either driver.
    return database.execute_sql(text, (*parameters, OTHER, limit)).fetchall()


def _of_workspace(id_: int, over: Range) -> list[int]:
    """The parameters of ``_DAYS_OF_WORKSPACE``."""
    first = -(-over.first_day // fortnights.DAYS)
    end = max(first, over.end_day // fortnights.DAYS)
    days = (id_, over.first_day, over.end_day, over.end_day)
    whole = (first * fortnights.DAYS, end * fortnights.DAYS)
    return [*days, id_, first, end, id_, *whole, id_, id_]


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
