"""Events of a workspace over a range, whether they are attributed to a link or not."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from klink.core.money import money
from klink.db import rows
from klink.db.connection import read
from klink.stats.ranges import QUARTER_MS, Range

_HALF = 10**8
"""Sums are kept in two halves: SQLite's would overflow on a thousand of the largest amounts."""


@dataclass(frozen=True, slots=True)
class Conversions:
    """What a workspace's events come to.

    :param conversions: events whose name counted as one.
    :param revenue: of all events, in the workspace's currency; other currencies are left out.
    """

    conversions: int
    revenue: Decimal


def conversions(workspace_id: int, over: Range) -> Conversions:
    """The events of a workspace in a range, by its whole quarter hours.

    :param over: as it was asked for: one of all time begins in 1970, and not with the first
        visit, since events need none.
    """
    sql = f"""
        SELECT COUNT(CASE WHEN e.is_conversion THEN 1 END),
            SUM(CASE WHEN e.currency = w.currency THEN e.revenue / {_HALF} END),
            SUM(CASE WHEN e.currency = w.currency
                THEN e.revenue - e.revenue / {_HALF} * {_HALF} END)
        FROM events e JOIN workspaces w ON w.id = e.workspace_id
        WHERE e.workspace_id = ? AND e.occurred_at >= ? AND e.occurred_at < ?
    """  # noqa: S608 - an own number
    first_ms, end_ms = over.first_quarter * QUARTER_MS, over.end_quarter * QUARTER_MS
    with read():
        row = rows.one(sql, workspace_id, first_ms, end_ms)
    assert row is not None  # an aggregate always gives one
    count, upper, lower = (int(value or 0) for value in row)
    return Conversions(count, money(upper * _HALF + lower))
