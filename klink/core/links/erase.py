"""Erasing links for good, with their clicks."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

import peewee

from klink.core import audit, changes
from klink.core.context import Changed, Context
from klink.core.errors import PreconditionFailed
from klink.core.links import quota
from klink.core.links.find import locked_row
from klink.core.links.site_checks import forget
from klink.core.principal import Principal
from klink.db.connection import write
from klink.db.models import (
    Click,
    DayVisitor,
    Event,
    ExperimentRun,
    Exposure,
    Link,
    LinkDay,
    LinkQuarter,
    LinkTotal,
    LinkUse,
    LinkValueTotal,
    LinkVisitor,
    Purge,
    VariantTotal,
    VisitorClick,
)

TRASH_KEPT = timedelta(days=30)
_STILL_FOLDED = timedelta(minutes=1)
_CHUNK = 1_000  # rows a transaction
_LINKS = 50  # looked up at a time
_STEP_S = 0.02  # after which no further link is begun; a chunk may take as long again

# Where not the key leads to a link's rows.
_ORDER: dict[Any, tuple[Any, ...]] = {
    Click: (Click.at, Click.id),
    VisitorClick: (VisitorClick.at, VisitorClick.visitor),
}


def purge(ctx: Context, who: Principal, uid: str, *, if_version: int | None = None) -> None:
    """Erase a link for good, in the trash or not; its slug is free at once.

    Its clicks are out of reach at once and are deleted in chunks by :func:`sweep`; those
    that still wait in the journal are dropped. Workspace totals keep what they had, and its
    events stay, attributed to nothing.

    :raises NotFound: unknown, or another workspace's.
    :raises PreconditionFailed: the link has another version by now.
    """
    who.need("delete")
    with write():
        row = locked_row(who, uid)
        if if_version is not None and row.version != if_version:
            raise PreconditionFailed
        erase(ctx, who, row)


def purge_trash(ctx: Context, *, limit: int = 100) -> int:
    """Erase links that have been in the trash for 30 days, at most ``limit``; return how many."""
    with write():
        old = list(
            Link.select()
            .where(Link.deleted_at <= ctx.now - TRASH_KEPT)
            .order_by(Link.deleted_at)
            .limit(limit)
        )
        for row in old:
            erase(ctx, None, row)
        return len(old)


def erase(
    ctx: Context,
    who: Principal | None,
    row: Link,
    because: Mapping[str, object] | None = None,
) -> None:
    """Erase a link whose record is held, in the current unit of work.

    :param because: what the audit log keeps with it.
    """
    audit.record(
        ctx,
        who,
        "link.purge",
        f"link:{row.uid}",
        {"slug": row.slug, "url": row.url, **(because or {})},
        workspace_id=row.workspace_id,
    )
    changes.record(ctx, Changed("link", row.id, row.domain_id, row.slug))
    Link.delete().where(Link.id == row.id).execute()
    forget(row.id)
    Purge.insert(link_id=row.id, at=ctx.now).on_conflict_ignore().execute()
    if row.deleted_at is None:
        quota.count(row.workspace_id, living=-1, enabled=-int(row.is_active))


def sweep(now: datetime) -> Iterator[int]:
    """Delete what purged links left behind, in chunks; give after each how many rows went.

    On PostgreSQL a fold that began before the purge may still count clicks of the link
    afterwards, so a purge stays on the list for a minute and is looked at again.
    """
    after = 0
    while True:
        began = time.perf_counter()
        gone = 0
        with write():
            waiting = list(_waiting(after))
            for purge_ in waiting:
                gone += _sweep_link(purge_.link_id, _CHUNK - gone)
                if gone >= _CHUNK:
                    break  # there may be more of this link
                after = purge_.link_id
                if purge_.at <= now - _STILL_FOLDED:
                    gone += int(Purge.delete().where(Purge.link_id == after).execute())
                if time.perf_counter() - began > _STEP_S:
                    break
        if not waiting:
            return
        yield gone


def _waiting(after: int) -> Any:  # Any: peewee's query types do not survive chaining
    return Purge.select().where(Purge.link_id > after).order_by(Purge.link_id).limit(_LINKS)


def _sweep_link(link_id: int, room: int) -> int:
    """Delete some of what is left of a link, at most ``room`` rows; return how many."""
    by_link: tuple[Any, ...] = (
        Click,
        LinkQuarter,
        LinkDay,
        LinkVisitor,
        LinkTotal,
        LinkValueTotal,
        LinkUse,
        VariantTotal,
        VisitorClick,
        Exposure,
        ExperimentRun,
    )
    # Any: tables that share only this column.
    left: list[tuple[Any, Any]] = [(model, model.link_id == link_id) for model in by_link]
    left += [(DayVisitor, _of_day(day, link_id)) for day in _days_with_visitors()]
    gone = 0
    for model, theirs in left:
        gone += _delete_some(model, theirs, room - gone)
        if gone >= room:
            return gone
    return gone + _forget_in_events(link_id, room - gone)


def _forget_in_events(link_id: int, limit: int) -> int:
    """Leave some of the events that were attributed to a link unattributed; return how many."""
    some = Event.select(Event.id).where(Event.link_id == link_id).order_by(Event.occurred_at)
    nothing = {"link_id": None, "variant_id": None, "run": None, "click_at": None}
    return int(Event.update(nothing).where(Event.id.in_(some.limit(limit))).execute())


def _days_with_visitors() -> list[int]:
    """The days that visitors are known of, from the last to the first: a seek for each."""
    days: list[int] = []
    last: Any = DayVisitor.select(peewee.fn.MAX(DayVisitor.day))
    while (day := last.scalar()) is not None:
        days.append(day)
        last = DayVisitor.select(peewee.fn.MAX(DayVisitor.day)).where(DayVisitor.day < day)
    return days


def _of_day(day: int, link_id: int) -> Any:
    return (DayVisitor.day == day) & (DayVisitor.link_id == link_id)


def _delete_some(model: Any, theirs: Any, limit: int) -> int:
    """Delete the first rows of ``theirs``, at most ``limit`` but for ties; return how many."""
    # In the order of the index that leads to them.
    columns = _ORDER.get(model) or model._meta.get_primary_keys()
    key = peewee.Tuple(*columns) if len(columns) > 1 else columns[0]
    rows = model.select(*columns).where(theirs).order_by(*columns).limit(limit).tuples()
    found = list(rows)
    if not found:
        return 0
    last = found[-1] if len(columns) > 1 else found[-1][0]
    return int(model.delete().where(theirs, key <= last).execute())
