"""Which destination is checked next."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from klink.core.context import Context
from klink.core.links import destination_checks as plans
from klink.core.times import to_ms
from klink.db import meta, rows
from klink.db.connection import read, write
from klink.db.models import ONLY, Link, Variant

__all__ = ["Check", "enrol", "next_check"]

SETTLED = timedelta(minutes=10)
"""A link is this old when it is enrolled: on PostgreSQL a smaller number may commit later."""

_AT_ONCE = 100  # links a step
_ENROLLED = "destinations:"
_UP_TO = "enrolled"


@dataclass(frozen=True, slots=True)
class Check:
    """A destination that is to be asked, as it is now.

    :ivar uid: of the link; None when it is gone.
    :ivar location: what to ask; None when it is not to be asked after all.
    :ivar host: whom.
    """

    link_id: int
    variant_id: int
    workspace_id: int
    uid: str | None
    location: str | None
    host: str


def next_check(
    ctx: Context, busy: Collection[str] = (), *, not_since: datetime | None = None
) -> Check | None:
    """The check that has been due for longest, or None.

    :param busy: hosts that are being asked already.
    :param not_since: take what has not been checked since then, due or not.
    """
    column, sign = ("next_at", "<=") if not_since is None else ("checked_at", "<")
    others = f"AND host NOT IN ({', '.join('?' * len(busy))})" if busy else ""
    # No more than what one index has, or it would be left for each that is passed over.
    sql = (
        "SELECT link_id, variant_id, host FROM destination_checks "  # noqa: S608 - own names
        f"WHERE {column} {sign} ? {others} ORDER BY {column} LIMIT 1"
    )
    with read():
        found = rows.one(sql, to_ms(not_since or ctx.now), *busy)
        return None if found is None else _check(ctx, *found, by_clock=not_since is None)


def _check(ctx: Context, link_id: int, variant_id: int, host: str, *, by_clock: bool) -> Check:
    """The check of a destination, as it is now."""
    link = Link.get_or_none(Link.id == link_id)
    if link is None:
        return Check(link_id, variant_id, 0, None, None, host)
    target = link if variant_id == ONLY else Variant.get_or_none(Variant.id == variant_id)
    location = None if target is None else target.location
    if by_clock and plans.interval(ctx.settings, link.failover_url) is None:
        location = None  # the clock has been told to leave it alone
    return Check(link_id, variant_id, link.workspace_id, link.uid, location, host)


def enrol(ctx: Context, *, everything: bool = False) -> Iterator[int]:
    """See to it that destinations have a row; a step is one transaction.

    By the clock: those of links that are new since the last time, when all are checked. Links
    with a ``failover_url`` have theirs from the beginning.

    :param everything: those of every link, whatever the clock checks.
    """
    if everything:
        yield from _walk(ctx, 0, until=None)
    elif ctx.settings.destination_interval is not None:
        yield from _walk(ctx, _enrolled(), until=ctx.now - SETTLED)
    elif _enrolled():
        meta.put(_ENROLLED + _UP_TO, "0")  # from the beginning, once it is wanted again


def _walk(ctx: Context, after: int, *, until: datetime | None) -> Iterator[int]:
    """Enrol the links after this number; those made by ``until``, and keep in mind how far."""
    while True:
        with write():
            links = _links(after, until)
            if not links:
                return
            after = links[-1]["id"]
            plans.upsert(_rows(ctx, links))
            if until is not None:
                meta.put(_ENROLLED + _UP_TO, str(after))
        yield len(links)


def _enrolled() -> int:
    """The number up to which links are enrolled."""
    return int(meta.under(_ENROLLED).get(_UP_TO, "0"))


def _links(after: int, until: datetime | None) -> list[dict[str, Any]]:
    """The next links that are not in the trash. Any: columns of each its own type."""
    found = rows.all_of(
        "SELECT id, workspace_id, url, mode, failover_url, created_at FROM links "
        "WHERE id > ? AND deleted_at IS NULL ORDER BY id LIMIT ?",
        after,
        _AT_ONCE,
    )
    names = ("id", "workspace_id", "url", "mode", "failover_url", "created_at")
    links = [dict(zip(names, row, strict=True)) for row in found]
    if until is None:
        return links
    fresh = (i for i, link in enumerate(links) if link["created_at"] > to_ms(until))
    return links[: next(fresh, len(links))]


def _rows(ctx: Context, links: list[dict[str, Any]]) -> Iterator[Mapping[str, object]]:
    by_id = {link["id"]: link for link in links}
    several = [link["id"] for link in links if link["mode"] != "single"]
    asked = [(link["id"], ONLY, link["url"]) for link in links if link["mode"] == "single"]
    if several:
        condition, value = rows.among("link_id", several)
        sql = f"SELECT link_id, id, url FROM variants WHERE {condition}"  # noqa: S608 - own
        asked += rows.all_of(sql, value)
    for link_id, variant_id, url in asked:
        link = by_id[link_id]
        every = plans.interval(ctx.settings, link["failover_url"])
        yield plans.row(ctx.now, link_id, variant_id, link["workspace_id"], url, every)
