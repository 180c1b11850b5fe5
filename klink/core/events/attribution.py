"""To which click an event goes, and what the link, variant and experiment get by it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from klink.core.context import Context
from klink.core.times import from_ms, to_ms
from klink.db import rows
from klink.db.models import Event

_MOST = 2**63 - 1  # of a sum in the database: what goes beyond it stays there


class LastClick(NamedTuple):
    """The click that an event is attributed to; ``variant_id`` is 0 without variants."""

    link_id: int
    variant_id: int
    run: int
    at: datetime


def last_click(
    ctx: Context, workspace_id: int, visitor: str, occurred_at: datetime
) -> LastClick | None:
    """The visitor's last click within the window before ``occurred_at``, or None.

    Clicks of links that were purged are none. Of several within a millisecond it is the
    newest link's.
    """
    sql = """
        SELECT c.link_id, c.variant_id, c.run, c.at
        FROM visitor_clicks AS c CROSS JOIN links AS l
        WHERE c.visitor = ? AND c.workspace_id = ? AND c.at >= ? AND c.at <= ?
            AND l.id = c.link_id
        ORDER BY c.at DESC, c.link_id DESC LIMIT 1
    """
    since = to_ms(occurred_at - ctx.settings.attribution_window)
    row = rows.one(sql, visitor, workspace_id, since, to_ms(occurred_at))
    if row is None:
        return None
    link_id, variant_id, run, at = row
    return LastClick(link_id, variant_id, run, from_ms(at))


def workspace_of(visitor: str) -> int | None:
    """The workspace that knows a visitor by this id, if any; no two have the same."""
    row = rows.one("SELECT workspace_id FROM visitor_clicks WHERE visitor = ? LIMIT 1", visitor)
    return None if row is None else int(row[0])


def count(row: Event, click: LastClick, currency: str) -> None:
    """Add an event to the totals of its link and variant, and to the visitor's exposure.

    :param currency: the workspace's; revenue in another one is no part of these sums.
    """
    conversions = int(row.is_conversion)
    revenue = row.revenue or 0 if row.currency == currency else 0
    if not conversions and not revenue:
        return
    # In the order in which a fold touches the same rows.
    for table, column, id_ in (
        ("link_totals", "link_id", click.link_id),
        ("variant_totals", "variant_id", click.variant_id),
    ):
        sql = f"UPDATE {table} SET conversions = conversions + ?, {_REVENUE} WHERE {column} = ?"  # noqa: S608 - own names
        rows.run(sql, conversions, *_added(revenue), id_)
    sql = f"""
        UPDATE exposures SET converted = CASE WHEN ? = 1 THEN 1 ELSE converted END, {_REVENUE}
        WHERE link_id = ? AND run = ? AND visitor = ? AND at <= ?
    """  # noqa: S608 - own words
    whose = (click.link_id, click.run, row.visitor, to_ms(row.occurred_at))
    rows.run(sql, conversions, *_added(revenue), *whose)


_REVENUE = f"revenue = CASE WHEN revenue > ? THEN {_MOST} ELSE revenue + ? END"


def _added(revenue: int) -> tuple[int, int]:
    """The values of ``_REVENUE``; SQLite would make a float of a sum that is too large."""
    return _MOST - revenue, revenue
