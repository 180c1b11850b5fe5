"""Finding a page of links in the order of their clicks.

Clicks are not among a link's own columns: ``link_totals`` keeps them, with an index of each
workspace's, and every link has a row there from the day it is made. So the order is followed
in that index, a piece at a time, and of each piece those links are kept that fit. As in
:mod:`klink.core.links.finding`, filters that hold for few links are followed instead, and a page
looks at so many links and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from klink.core.links.filters import Filters, Source
from klink.core.links.finding import Found, Order, among_part, narrowest
from klink.core.links.views import Columns, records
from klink.db import rows

COLUMNS = ("clicks", "id")

_PIECE = 1_000
"""Links that are looked at together."""

_MANY = 5_000
"""Links that are sorted by their clicks at once: about twenty milliseconds."""

_FAR = 8
"""Pieces that are looked at for one page at most."""

Place = tuple[int, int]
"""A link's clicks and its number: where it has its place in the order."""


def find(asked: Filters, order: Order, limit: int) -> Found:
    """The first ``limit`` records, in order, for which all filters hold."""
    # Without filters all fit but the few in the trash.
    many = _PIECE if asked.rest else min(2 * limit, _PIECE)
    piece = _next(asked.workspace_id, order, order.after, many)
    found = _fitting(asked, piece)
    is_end = len(piece) < many
    if not is_end and len(found) <= limit:
        sorted_ = _by_filters(asked, order, piece)
        if sorted_ is not None:
            found = _first_fitting(asked, sorted_, limit + 1)
            is_end = True
    looked_at = 1
    while not is_end and len(found) <= limit and looked_at < _FAR:
        piece = _next(asked.workspace_id, order, piece[-1], _PIECE)
        found += _fitting(asked, piece)
        is_end = len(piece) < _PIECE
        looked_at += 1
    if len(found) > limit:
        return Found(_records(found[:limit]), found[limit - 1])
    return Found(_records(found), None if is_end else piece[-1])


def _next(workspace_id: int, order: Order, after: Place | None, many: int) -> list[Place]:
    """The places that follow in the order, be the links in the trash or purged.

    Two questions, each of which the index answers from its first row on: those with as many
    clicks as the last one may be most of all.
    """
    way = "clicks DESC, link_id ASC" if order.down else "clicks ASC, link_id DESC"
    sql = "SELECT clicks, link_id FROM link_totals WHERE workspace_id = ?"
    if after is None:
        return rows.all_of(f"{sql} ORDER BY {way} LIMIT ?", workspace_id, many)
    clicks, number = after
    same = f"{sql} AND clicks = ? AND link_id {'>' if order.down else '<'} ?"
    found = rows.all_of(f"{same} ORDER BY {way} LIMIT ?", workspace_id, clicks, number, many)
    if len(found) < many:
        other = f"{sql} AND clicks {'<' if order.down else '>'} ? ORDER BY {way} LIMIT ?"
        found += rows.all_of(other, workspace_id, clicks, many - len(found))
    return found


def _by_filters(asked: Filters, order: Order, piece: Sequence[Place]) -> list[Place] | None:
    """The places that the narrowest filter leads to, in order; None when those are too many."""
    several = len(asked.sources) > 1
    sources = [each for each in asked.sources if not (several and _is_dear(asked, each, piece))]
    if not asked.sources:
        return None
    _, numbers = narrowest(sources or asked.sources, _MANY, down=True, beyond=None)
    if len(numbers) == _MANY:
        return None
    condition, value = rows.among("link_id", numbers)
    found: list[Place] = rows.all_of(
        # The "+ 0" keeps the database from walking along the workspace's totals instead.
        f"SELECT clicks, link_id FROM link_totals WHERE {condition} AND workspace_id + 0 = ?",  # noqa: S608 - own names
        value,
        asked.workspace_id,
    )
    sign = -1 if order.down else 1

    def place(each: Place) -> Place:
        return sign * each[0], -sign * each[1]

    found.sort(key=place)
    after = order.after
    return found if after is None else [each for each in found if place(each) > place(after)]


def _is_dear(asked: Filters, source: Source, piece: Sequence[Place]) -> bool:
    """Whether the source is dear to follow: one in twenty links of the piece is in it."""
    if source.dear_for is None:
        return False
    found = _fitting(replace(asked, rest=(source.dear_for,), sources=()), piece)
    return len(found) * 20 >= len(piece)


def _first_fitting(asked: Filters, places: Sequence[Place], many: int) -> list[Place]:
    found: list[Place] = []
    for piece in _pieces(places):
        found += _fitting(asked, piece)
        if len(found) >= many:
            break
    return found


def _fitting(asked: Filters, piece: Sequence[Place]) -> list[Place]:
    """Of these places those whose links fit, in order."""
    numbers = [number for _, number in piece]
    for source in asked.sources:
        if source.is_exact and numbers:
            numbers = source.among(numbers)
    if not numbers:
        return []
    parts = [among_part(asked, numbers), *asked.rest]
    where = " AND ".join(part.sql for part in parts)
    values = [value for part in parts for value in part.values]
    found = {number for (number,) in rows.all_of(f"SELECT id FROM links WHERE {where}", *values)}  # noqa: S608 - own names
    return [each for each in piece if each[1] in found]


def _records(places: Sequence[Place]) -> list[Columns]:
    """The records of these links, in this order."""
    if not places:
        return []
    condition, value = rows.among("id", [number for _, number in places])
    by_number = {record["id"]: record for record in records(f"WHERE {condition}", value)}
    # One may have been purged since its place was read.
    return [by_number[number] for _, number in places if number in by_number]


def _pieces(places: Sequence[Place]) -> Iterator[list[Place]]:
    rest = iter(places)
    while piece := list(islice(rest, _PIECE)):
        yield piece
