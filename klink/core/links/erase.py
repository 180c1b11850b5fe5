"""Erasing links for good, with their clicks."""

from __future__ import annotations

from collections.abc import Mapping
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
_CHUNK = 2_000  # rows a transaction; about 50 ms at most

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


def sweep(now: datetime) -> int:
    """Delete one chunk of what purged links left behind; return how many rows went.

    On PostgreSQL a fold that began before the purge may still count clicks of the link
    afterwards, so a purge stays on the list for a minute and is looked at again.
    """
    with write():
        for waiting in Purge.select().order_by(Purge.at):
            gone = _sweep_link(waiting.link_id)
            if gone:
                return gone
        return int(Purge.delete().where(Purge.at <= now - _STILL_FOLDED).execute())


def _sweep_link(link_id: int) -> int:
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
    for model, theirs in left:
        if gone := _delete_some(model, theirs):
            return gone
    return _forget_in_events(link_id)


def _forget_in_events(link_id: int) -> int:
    """Leave some of the events that were attributed to a link unattributed; return how many."""
    some = Event.select(Event.id).where(Event.link_id == link_id).order_by(Event.occurred_at)
    nothing = {"link_id": None, "variant_id": None, "run": None, "click_at": None}
    return int(Event.update(nothing).where(Event.id.in_(some.limit(_CHUNK))).execute())


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


def _delete_some(model: Any, theirs: Any) -> int:
    """Delete the first rows of ``theirs``, at most ``_CHUNK``; return how many."""
    # In the order of the index that leads to them.
    columns = _ORDER.get(model) or model._meta.get_primary_keys()
    key = peewee.Tuple(*columns) if len(columns) > 1 else columns[0]
    rows = model.select(*columns).where(theirs).order_by(*columns).limit(_CHUNK).tuples()
    found = list(rows)
    if not found:
        return 0
    last = found[-1] if len(columns) > 1 else found[-1][0]
    return int(model.delete().where(theirs, key <= last).execute())
