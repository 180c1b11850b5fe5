"""Visits and daily counts of a whole workspace as plain records, for exports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

from klink.core.links.model import UTM_NAMES
from klink.core.times import format_rfc3339
from klink.db import rows
from klink.db.connection import read
from klink.db.models import Click
from klink.stats.breakdown import Dim
from klink.stats.clicks import view_of

__all__ = ["CLICK_COLUMNS", "DAY_COLUMNS", "clicks", "days"]

Record = dict[str, Any]
"""Values by their names. Any: JSON of every type."""

_FACTS = (
    "kind", "reason", "is_click", "is_view", "variant", "country", "device", "browser", "os",
    "language", "referrer", "net", "visitor",
)  # fmt: skip
CLICK_COLUMNS = ("link", "slug", "at", *_FACTS, *(f"utm_{name}" for name in UTM_NAMES))
DAY_COLUMNS = ("link", "slug", "day", "by", "value", "clicks", "rest", "unique_visitors")

_PAGE = 5_000
_EPOCH = date(1970, 1, 1)


def clicks(workspace_id: int) -> Iterator[Record]:
    """Every visit that is kept of a workspace's links, in the order in which they were counted.

    ``link`` and ``slug`` are null where the link is gone.
    """
    after = 0
    while True:
        with read():
            # By its number alone: no index has the visits of a workspace.
            mine: Any = Click.select().where(Click.workspace_id + 0 == workspace_id)
            page = list(mine.where(Click.id > after).order_by(Click.id).limit(_PAGE))
            links = _named("id, uid, slug", "links", {row.link_id for row in page})
            labels = _named("id, label", "variants", {row.variant_id for row in page})
        by_number = {number: name for number, (name,) in labels.items()}
        for row in page:
            link, slug = links.get(row.link_id, (None, None))
            view = view_of(row, by_number)
            yield {
                "link": link,
                "slug": slug,
                "at": format_rfc3339(view.at),
                **{name: getattr(view, name) for name in _FACTS},
                **{f"utm_{name}": view.utm.get(name) for name in UTM_NAMES},
            }
        if len(page) < _PAGE:
            return
        after = page[-1].id


_DAYS = """
    SELECT d.link_id, d.day, d.dim, d.value, d.clicks, d.rest, d.uniques, l.uid, l.slug
    FROM link_days d JOIN links l ON l.id = d.link_id
    WHERE (d.link_id, d.day, d.dim, d.value) > (?, ?, ?, ?) AND l.workspace_id + 0 = ?
    ORDER BY d.link_id, d.day, d.dim, d.value LIMIT ?
"""


def days(workspace_id: int) -> Iterator[Record]:
    """What each of a workspace's links has been counted on each UTC day, in all and by values.

    ``by`` is ``total``, ``country``, ``variant`` and so on, ``value`` null where it is unknown;
    a variant is its label. ``unique_visitors`` is counted for totals and variants only, and null
    for all else.
    """
    after: tuple[Any, ...] = (0, 0, 0, "")
    while True:
        with read():
            page = rows.all_of(_DAYS, *after, workspace_id, _PAGE)
        yield from map(_day, page)
        if len(page) < _PAGE:
            return
        after = page[-1][:4]


def _day(row: Sequence[Any]) -> Record:
    _, day, dim, value, people, rest, uniques, uid, slug = row
    has_uniques = dim in (Dim.TOTAL, Dim.VARIANT)
    return {
        "link": uid,
        "slug": slug,
        "day": (_EPOCH + timedelta(days=day)).isoformat(),
        "by": Dim(dim).name.lower(),
        "value": value or None,
        "clicks": people,
        "rest": rest,
        "unique_visitors": uniques if has_uniques else None,
    }


def _named(columns: str, table: str, ids: set[int]) -> dict[int, tuple[Any, ...]]:
    wanted = sorted(number for number in ids if number)
    if not wanted:
        return {}
    condition, value = rows.among("id", wanted)
    found = rows.all_of(f"SELECT {columns} FROM {table} WHERE {condition}", value)  # noqa: S608 - own
    return {number: tuple(names) for number, *names in found}
