"""Clicks per day of the last days, for the links of one page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from klink.core.links import LinkView
from klink.db.connection import read
from klink.db.models import LinkDay
from klink.stats.breakdown import Dim
from klink.stats.scope import on_days

DAYS = 30

_CHUNK = 200  # links of one query
_EPOCH_DAY = date(1970, 1, 1)


def sparklines(
    now: datetime, links: Sequence[LinkView], days: int = DAYS
) -> dict[int, tuple[int, ...]]:
    """Clicks of people on each of the last UTC days, oldest first, today the last one.

    One query for 200 links, which seeks to the total of each link's day.

    :param now: aware UTC time.
    :returns: by the link's number, for every link.
    """
    today = (now.date() - _EPOCH_DAY).days
    first = today - days + 1
    found = {link.id: [0] * days for link in links}
    ids = list(found)
    with read():
        for start in range(0, len(ids), _CHUNK):
            for link_id, day, clicks in _rows(ids[start : start + _CHUNK], range(first, today + 1)):
                found[link_id][day - first] = int(clicks)
    return {link_id: tuple(clicks) for link_id, clicks in found.items()}


def _rows(ids: list[int], days: range) -> Any:
    table: Any = LinkDay  # Any: peewee's expressions do not survive chaining
    is_total = (table.dim == int(Dim.TOTAL)) & (table.value == "")
    return (
        table.select(table.link_id, table.day, table.clicks)
        .where(table.link_id.in_(ids), on_days(table.day, days), is_total)
        .tuples()
    )
