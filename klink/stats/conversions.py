"""Events over a range: of a workspace, attributed or not; and those attributed to a link."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from klink.core.money import HALF, money
from klink.db import rows
from klink.db.connection import read
from klink.stats.ranges import QUARTER_MS, Range

_NONE = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Conversions:
    """What events come to.

    :param conversions: events whose name counted as one.
    :param revenue: of all events, in the workspace's currency; other currencies are left out.
    :param by_currency: the same for every currency of an event with revenue, by its code.
    """

    conversions: int
    revenue: Decimal
    by_currency: Mapping[str, Decimal]


def conversions(workspace_id: int, over: Range, *, link_id: int | None = None) -> Conversions:
    """The events of a workspace in a range, by its whole quarter hours.

    :param over: as it was asked for: one of all time begins in 1970, and not with the first
        visit, since events need none.
    :param link_id: only those that are attributed to this link of it.
    """
    sql = f"""
        SELECT e.currency, w.currency, COUNT(CASE WHEN e.is_conversion THEN 1 END),
            SUM(e.revenue / {HALF}), SUM(e.revenue - e.revenue / {HALF} * {HALF})
        FROM events e JOIN workspaces w ON w.id = e.workspace_id
        WHERE e.workspace_id = ? AND e.occurred_at >= ? AND e.occurred_at < ?
            {"" if link_id is None else "AND e.link_id = ?"}
        GROUP BY e.currency, w.currency ORDER BY e.currency
    """  # noqa: S608 - an own number and own words
    between = (over.first_quarter * QUARTER_MS, over.end_quarter * QUARTER_MS)
    values = (workspace_id, *between) if link_id is None else (workspace_id, *between, link_id)
    with read():
        found = rows.all_of(sql, *values)
    by_currency = {
        currency: _amount(upper, lower)
        for currency, _, _, upper, lower in found
        if upper is not None
    }
    own = found[0][1] if found else ""
    count = sum(int(row[2]) for row in found)
    return Conversions(count, by_currency.get(own, _NONE), by_currency)


MOST_NAMES = 50
"""Names that are told apart; strangers may make them up, where browsers send events."""


@dataclass(frozen=True, slots=True)
class NamedEvents:
    """What events of one name come to.

    :param conversions: those of them that counted as one when they came.
    :param visitors: how many visitors sent them.
    :param revenue: in the workspace's currency; other currencies are left out.
    """

    name: str
    events: int
    conversions: int
    visitors: int
    revenue: Decimal


def by_name(workspace_id: int, over: Range) -> list[NamedEvents]:
    """The events of a workspace by their names, the most frequent first, :data:`MOST_NAMES`."""
    own = "e.currency = w.currency"
    sql = f"""
        SELECT e.event_name, COUNT(*), COUNT(CASE WHEN e.is_conversion THEN 1 END),
            COUNT(DISTINCT e.visitor),
            SUM(CASE WHEN {own} THEN e.revenue / {HALF} END),
            SUM(CASE WHEN {own} THEN e.revenue - e.revenue / {HALF} * {HALF} END)
        FROM events e JOIN workspaces w ON w.id = e.workspace_id
        WHERE e.workspace_id = ? AND e.occurred_at >= ? AND e.occurred_at < ?
        GROUP BY e.event_name ORDER BY COUNT(*) DESC, e.event_name LIMIT ?
    """  # noqa: S608 - an own number and own words
    between = (over.first_quarter * QUARTER_MS, over.end_quarter * QUARTER_MS)
    with read():
        found = rows.all_of(sql, workspace_id, *between, MOST_NAMES)
    return [
        NamedEvents(name, int(events), int(converted), int(visitors), _amount(upper, lower))
        for name, events, converted, visitors, upper, lower in found
    ]


def _amount(upper: int | None, lower: int | None) -> Decimal:
    return _NONE if upper is None or lower is None else money(int(upper) * HALF + int(lower))
