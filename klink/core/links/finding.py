"""Finding a page of links among a million, whatever it is filtered and sorted by.

A list follows the index of its order and compares each link with the filters. That finds a
page at once when many links fit, and walks through all of them when few do. So it looks at
the next thousand only; when the page is not full by then, the filters' own indexes are
asked how many links they lead to, and the one that leads to fewest is followed. If all lead
to many, many fit, and the order is followed after all.

But no farther than some thousands of links: filters that each hold for many and together for
few, or for many that all lie at the list's far end, would make one page a walk through all of
them. Such a page ends before it is full, and the next one goes on from there.

Links in the order of their clicks are found by :mod:`klink.core.links.by_clicks`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from klink.core.errors import ValidationFailed
from klink.core.links.filters import Filters, Part, Source
from klink.core.links.views import Columns, records
from klink.core.times import to_ms
from klink.db import rows

_WINDOW = 1_000
"""Links of the list's order that are looked at first: a few milliseconds."""

_MANY = 4_000
"""Links that are fetched by their numbers at once: about ten milliseconds."""

_FAR = 20_000
"""Links that are looked at for one page at most."""

COLUMNS = {"created": ("id",), "updated": ("updated_at", "id"), "slug": ("slug", "id")}
"""What each sort goes by, as columns."""


@dataclass(frozen=True, slots=True)
class Order:
    """How a list is sorted, and after which values a page begins (None: at the start)."""

    columns: tuple[str, ...]
    down: bool
    after: tuple[Any, ...] | None

    @property
    def sql(self) -> str:
        """The columns with their direction."""
        return ", ".join(f"{column} {'DESC' if self.down else 'ASC'}" for column in self.columns)

    def values(self, record: Columns) -> tuple[Any, ...]:
        """What a link is sorted by, as the database has it."""
        by = (record[column] for column in self.columns)
        return tuple(to_ms(value) if isinstance(value, datetime) else value for value in by)

    def beyond(self, values: tuple[Any, ...]) -> Part:
        """A condition that a link comes after the one with these values."""
        return self._beside("<" if self.down else ">", values)

    def until(self, values: tuple[Any, ...]) -> Part:
        """A condition that a link comes before the one with these values, or is it."""
        return self._beside(">=" if self.down else "<=", values)

    def _beside(self, sign: str, values: tuple[Any, ...]) -> Part:
        marks = ", ".join("?" * len(values))
        return Part(f"({', '.join(self.columns)}) {sign} ({marks})", values)


@dataclass(frozen=True, slots=True)
class Found:
    """A page: records in order, and after which values the next one begins, if there is one.

    It may be short, even empty, and not the last.
    """

    records: list[Columns]
    after: tuple[Any, ...] | None


def find(asked: Filters, order: Order, limit: int) -> Found:
    """The first ``limit`` records, in order, for which all filters hold."""
    if not asked.rest:
        return _page(order, _in_order(asked, order, limit + 1), limit)
    if asked.is_trash and order.columns != ("id",):
        return _page(order, _few_in_order(asked, order, limit + 1), limit)
    end = _end_of(_WINDOW, asked, order)
    found = _in_order(asked, order, limit + 1, end)
    if end is None or len(found) > limit:
        return _page(order, found, limit)
    by_number = order.columns == ("id",)
    beyond = order.after[0] if by_number and order.after else None
    sources = [each for each in asked.sources if not _is_dear(asked, each, order, end)]
    if sources or asked.sources:
        source, numbers = narrowest(sources or asked.sources, _MANY, down=order.down, beyond=beyond)
        if len(numbers) < _MANY:
            return _page(order, _among(asked, order, numbers, limit + 1), limit)
        if by_number and source.is_followed:
            return _along(asked, order, source, numbers, limit)
    end = _end_of(_FAR, asked, order)
    return _page(order, _in_order(asked, order, limit + 1, end), limit, end)


def _few_in_order(asked: Filters, order: Order, limit: int) -> list[Columns]:
    """Links of the trash, which has no index but the one by numbers.

    :raises ValidationFailed: they are too many to be sorted.
    """
    _, numbers = narrowest(asked.sources, _MANY, down=True, beyond=None)
    if len(numbers) == _MANY:
        text = "cannot be this with so many links in the trash; sort by created, or filter more"
        raise ValidationFailed({"sort": [text]})
    return _among(asked, order, numbers, limit)


def _page(
    order: Order, found: list[Columns], limit: int, end: tuple[Any, ...] | None = None
) -> Found:
    """The first ``limit`` of what was found.

    :param end: the values of the last link that was looked at; None: there are no more.
    """
    if len(found) <= limit:
        return Found(found, end)
    return Found(found[:limit], order.values(found[limit - 1]))


def count(asked: Filters) -> int:
    """How many links there are for which all filters hold; most of them are looked at for it."""
    where, values = _all(_parts(asked))
    row = rows.one(f"SELECT COUNT(*) FROM links WHERE {where}", *values)  # noqa: S608 - own names
    assert row is not None  # an aggregate always gives one
    return int(row[0])


def at(asked: Filters, order: Order, *, skipped: int, limit: int, total: int) -> list[Columns]:
    """The records that come after the first ``skipped`` of ``total``, at most ``limit``.

    Counted along the order's index, from the end that is nearer.
    """
    many = min(limit, total - skipped)
    if many <= 0:
        return []
    rest = total - skipped - many
    backwards = rest < skipped
    way = replace(order, down=order.down != backwards)
    where, values = _all(_parts(asked))
    found = rows.all_of(
        f"SELECT id FROM links WHERE {where} ORDER BY {way.sql} LIMIT ? OFFSET ?",  # noqa: S608
        *values,
        many,
        rest if backwards else skipped,
    )
    condition, value = rows.among("id", [number for (number,) in found])
    return records(f"WHERE {condition} ORDER BY {order.sql}", value)


def _parts(asked: Filters) -> list[Part]:
    numbers = None
    if asked.sources:
        numbers = narrowest(asked.sources, _MANY, down=True, beyond=None)[1]
    if numbers is None or len(numbers) == _MANY:
        return [Part(f"workspace_id = ? AND {asked.place}", (asked.workspace_id,)), *asked.rest]
    return [among_part(asked, numbers), *asked.rest]


def _all(parts: list[Part]) -> tuple[str, list[Any]]:
    """All conditions as one, and their values."""
    return " AND ".join(part.sql for part in parts), [v for part in parts for v in part.values]


def _in_order(
    asked: Filters, order: Order, limit: int, end: tuple[Any, ...] | None = None
) -> list[Columns]:
    """Along the order's index, up to ``end``."""
    parts = [Part(f"workspace_id = ? AND {asked.place}", (asked.workspace_id,)), *asked.rest]
    if order.after is not None:
        parts.append(order.beyond(order.after))
    if end is not None:
        parts.append(order.until(end))
    return _fetch(parts, order, limit)


def _end_of(many: int, asked: Filters, order: Order) -> tuple[Any, ...] | None:
    """The values of the last of the next links; None when the list ends before."""
    parts = [Part(f"workspace_id = ? AND {asked.place}", (asked.workspace_id,))]
    if order.after is not None:
        parts.append(order.beyond(order.after))
    where, values = _all(parts)
    return rows.one(
        f"SELECT {', '.join(order.columns)} FROM links WHERE {where} "  # noqa: S608 - own names
        f"ORDER BY {order.sql} LIMIT 1 OFFSET ?",
        *values,
        many - 1,
    )


def _is_dear(asked: Filters, source: Source, order: Order, end: tuple[Any, ...]) -> bool:
    """Whether the source is dear to follow: one in twenty links of the window is in it."""
    if source.dear_for is None or len(asked.sources) == 1:
        return False
    window = replace(asked, rest=(source.dear_for,))
    return len(_in_order(window, order, _WINDOW // 20, end)) == _WINDOW // 20


def narrowest(
    sources: Sequence[Source], many: int, *, down: bool, beyond: int | None
) -> tuple[Source, list[int]]:
    """The source that leads to fewest links, and their numbers, at most this many."""
    found: list[tuple[Source, list[int]]] = []
    for source in sources:
        numbers = source.numbers(many, down=down, beyond=beyond)
        found.append((source, numbers))
        if len(numbers) < many:
            break  # good enough to ask no further
    return min(found, key=lambda pair: len(pair[1]))


def _among(asked: Filters, order: Order, numbers: list[int], limit: int) -> list[Columns]:
    """Of these links those that fit."""
    parts = [among_part(asked, numbers), *asked.rest]
    if order.after is not None:
        parts.append(order.beyond(order.after))
    return _fetch(parts, order, limit)


def among_part(asked: Filters, numbers: Sequence[int]) -> Part:
    """A condition that a link is one of these, the workspace's, and in its place."""
    condition, value = rows.among("id", numbers)
    # The "+ 0" keeps the database from walking along the workspace's links instead.
    here = f"{condition} AND workspace_id + 0 = ? AND {asked.place}"
    return Part(here, (value, asked.workspace_id))


def _along(asked: Filters, order: Order, source: Source, numbers: list[int], limit: int) -> Found:
    """Along a source that has the links in the order of the list, a piece at a time."""
    found = _among(asked, order, numbers, limit + 1)
    looked_at = len(numbers)
    while len(found) <= limit and len(numbers) == _MANY and looked_at < _FAR:
        numbers = source.numbers(_MANY, down=order.down, beyond=numbers[-1])
        found += _among(asked, order, numbers, limit + 1 - len(found))
        looked_at += len(numbers)
    return _page(order, found, limit, (numbers[-1],) if len(numbers) == _MANY else None)


def _fetch(parts: list[Part], order: Order, limit: int) -> list[Columns]:
    where, values = _all(parts)
    return records(f"WHERE {where} ORDER BY {order.sql} LIMIT ?", *values, limit)
