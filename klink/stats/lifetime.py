"""All that a link has had, from its first click on, told without a range (klookup U5)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import peewee

from klink.core.context import Context
from klink.core.links import LinkView
from klink.core.principal import Principal
from klink.core.times import from_ms
from klink.db.connection import read
from klink.stats import ranges
from klink.stats.breakdown import Dim, Top, breakdown
from klink.stats.counts import LinkCounts, with_counts
from klink.stats.scope import Scope, named_days, of_link, readable

RECENT_DAYS = 30

_COUNTRIES = 26 * 26 + 1
"""As many as there can be: two letters each, and the unknown one."""

_DIMS = (Dim.COUNTRY, Dim.DEVICE, Dim.BROWSER)
_EPOCH_DAY = date(1970, 1, 1)
_STRIDE = 60  # days that are looked at in one query


@dataclass(frozen=True, slots=True)
class DayClicks:
    """A UTC day, and how many people were forwarded on it."""

    day: date
    clicks: int


@dataclass(frozen=True, slots=True)
class Lifetime:
    """A link's counts of all time.

    :param countries: every one.
    :param browsers: the most frequent ones; the others are summed.
    :param recent: the last days that have clicks, the newest first.
    """

    counts: LinkCounts
    countries: Top
    devices: Top
    browsers: Top
    recent: list[DayClicks]


def lifetime(ctx: Context, who: Principal, link: LinkView | str) -> Lifetime:
    """What a link has had since it was made.

    :param link: the link or its UUID.
    :raises InsufficientScope: the key may not read.
    :raises NotFound: unknown, or another workspace's.
    """
    view = readable(ctx, who, link)
    scope = of_link(view.id)
    with read():
        tops = breakdown(scope, ranges.make(ctx.now, since=from_ms(0)), _COUNTRIES, _DIMS)
        (counts,) = with_counts([view])
        return Lifetime(
            counts=counts,
            countries=tops[Dim.COUNTRY],
            devices=tops[Dim.DEVICE],
            browsers=tops[Dim.BROWSER],
            recent=recent_days(scope),
        )


def recent_days(scope: Scope, limit: int = RECENT_DAYS) -> list[DayClicks]:
    """The last UTC days that have clicks, at most ``limit``, the newest first.

    Each step seeks to the total of every day in it, and then over the days without visits, so
    that neither the other dimensions nor a long pause are read through.
    """
    table: Any = scope.days  # Any: peewee's expressions do not survive chaining
    mine = getattr(table, scope.owner) == scope.id
    found: list[DayClicks] = []
    with read():
        last = table.select(peewee.fn.MAX(table.day)).where(mine).scalar()
        while last is not None and len(found) < limit:
            days = range(last - _STRIDE + 1, last + 1)
            totals = mine & peewee.SQL(named_days(days)) & (table.dim == int(Dim.TOTAL))
            query = table.select(table.day, table.clicks).where(totals, table.clicks > 0)
            for day, clicks in query.order_by(table.day.desc()).tuples():
                found.append(DayClicks(_EPOCH_DAY + timedelta(days=day), int(clicks)))
            earlier = mine & (table.day < days[0])
            last = table.select(peewee.fn.MAX(table.day)).where(earlier).scalar()
    return found[:limit]
