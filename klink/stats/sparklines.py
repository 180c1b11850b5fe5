"""Clicks per day of the last days, for the links of one page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from klink.core.links import LinkView
from klink.db import rows
from klink.db.connection import read
from klink.stats.breakdown import Dim
from klink.stats.scope import named_days

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


def _rows(ids: list[int], days: range) -> list[tuple[int, int, int]]:
    theirs, values = rows.among("link_id", ids)
    sql = f"""
        SELECT link_id, day, clicks FROM link_days
        WHERE {theirs} AND {named_days(days)} AND dim = {int(Dim.TOTAL)} AND value = ''
    """  # noqa: S608 - own words and numbers
    return rows.all_of(sql, values)
