"""Totals of a link or a workspace over a range."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from klink.db import rows
from klink.db.connection import read
from klink.db.models import LinkDay
from klink.stats.ranges import Range
from klink.stats.scope import Scope, sums
from klink.stats.series import Point


@dataclass(frozen=True, slots=True)
class Totals:
    """What happened in a range (contract: Counting).

    :param clicks: people who were forwarded.
    :param views: visits to the short URL, by anyone.
    :param people_views: those by people.
    :param unique_visitors: distinct visitors among clicks, summed over UTC days; of all
        time each of a link's visitors once.
    :param bots: views by programs; ``previews`` and ``prefetches`` likewise.
    """

    clicks: int
    views: int
    people_views: int
    unique_visitors: int
    bots: int
    previews: int
    prefetches: int


def totals(scope: Scope, over: Range) -> Totals:
    """Clicks, views and their kinds by whole quarter hours, uniques by whole UTC days."""
    table: Any = scope.quarters
    between = scope.quarters_between(over.first_quarter, over.end_quarter)
    with read():
        row = table.select(*sums(table)).where(between).tuples().get()
        uniques = unique_visitors(scope, over)
    return _totals([int(value or 0) for value in row], uniques)


def totals_of(points: Iterable[Point], unique_visitors: int, imported: int = 0) -> Totals:
    """The totals of a series: what :func:`totals` says, without another walk.

    :param imported: clicks besides, which no point stands for.
    """
    columns = ((p.clicks, p.views, p.bots, p.previews, p.prefetches) for p in points)
    clicks, views, *rest = [sum(column) for column in zip(*columns, strict=True)]
    return _totals([clicks + imported, views + imported, *rest], unique_visitors)


def imported(scope: Scope, over: Range) -> int:
    """Clicks that links had before they came here, which are of no day: of all time only."""
    if not over.is_all_time:
        return 0
    owner = "link_id" if scope.days is LinkDay else "workspace_id"
    sql = f"SELECT SUM(imported) FROM link_totals WHERE {owner} = ? AND imported > 0"  # noqa: S608 - own names
    with read():
        row = rows.one(sql, scope.id)
    return int(row[0] or 0) if row else 0


def unique_visitors(scope: Scope, over: Range) -> int:
    """The uniques of the range's UTC days, added up: who comes on two days counts twice.

    A link's of all time come from its running total, which counts each visitor once.
    """
    if not (over.is_all_time and scope.days is LinkDay):
        return scope.uniques(over)
    with read():
        row = rows.one("SELECT uniques FROM link_totals WHERE link_id = ?", scope.id)
    return 0 if row is None else int(row[0])


def _totals(counts: list[int], uniques: int) -> Totals:
    clicks, views, bots, previews, prefetches = counts
    people_views = views - bots - previews - prefetches
    return Totals(clicks, views, people_views, uniques, bots, previews, prefetches)
