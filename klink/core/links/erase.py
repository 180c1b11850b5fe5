"""Erasing links for good, with their clicks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from klink.core import audit, changes
from klink.core.context import Changed, Context
from klink.core.errors import PreconditionFailed
from klink.core.links import destination_checks, quota
from klink.core.links.blocked import OPERATOR, need_release
from klink.core.links.find import locked_row
from klink.core.links.site_checks import forget
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db import rows
from klink.db.connection import write
from klink.db.models import (
    Base,
    Click,
    DayVisitor,
    ExperimentRun,
    Exposure,
    Link,
    LinkDay,
    LinkQuarter,
    LinkTotal,
    LinkUse,
    LinkValueTotal,
    LinkVersion,
    LinkVisitor,
    Purge,
    VariantTotal,
    VisitorClick,
)

TRASH_KEPT = timedelta(days=30)
_STILL_FOLDED = timedelta(minutes=1)
_CHUNK = 1_000  # rows a transaction
_LINKS = 50  # looked up at a time

_BY_LINK: tuple[type[Base], ...] = (
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
    LinkVersion,
)
"""Tables whose rows belong to a link, and of which an index or the key leads there."""

# The days that visitors are known of: a seek for each, where DISTINCT would read them all.
_DAYS = """
    WITH RECURSIVE days (day) AS (
        SELECT max(day) FROM day_visitors
        UNION ALL SELECT (SELECT max(day) FROM day_visitors AS v WHERE v.day < days.day)
        FROM days WHERE day IS NOT NULL)
    SELECT day FROM days WHERE day IS NOT NULL
"""


def purge(ctx: Context, who: Principal, uid: str, *, if_version: int | None = None) -> None:
    """Erase a link for good, in the trash or not; its slug is free at once.

    Its clicks are out of reach at once and are deleted in chunks by :func:`sweep`; those
    that still wait in the journal are dropped. Workspace totals keep what they had, and its
    events stay, attributed to nothing.

    :raises NotFound: unknown, or another workspace's.
    :raises PreconditionFailed: the link has another version by now.
    :raises OnlyOperator: the operator keeps it in quarantine: its slug must not be free, nor what
        was reported of it be gone.
    :raises InsufficientRole: an owner or admin keeps it there, and whoever asks is neither.
    """
    who.need("delete")
    with write():
        row = locked_row(who, uid)
        need_release(who, row.quarantined_by)
        if if_version is not None and row.version != if_version:
            raise PreconditionFailed
        erase(ctx, who, row)


def purge_trash(ctx: Context, *, limit: int = 100) -> int:
    """Erase links that have been in the trash for 30 days, at most ``limit``; return how many.

    But none that the operator keeps in quarantine.
    """
    with write():
        old = list(
            Link.select()
            .where(Link.deleted_at <= ctx.now - TRASH_KEPT, _is_free_to_go())
            .order_by(Link.deleted_at)
            .limit(limit)
        )
        for row in old:
            erase(ctx, None, row)
        return len(old)


def _is_free_to_go() -> Any:  # Any: peewee's expressions have no types
    return Link.quarantined_by.is_null() | (Link.quarantined_by != OPERATOR)


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
    destination_checks.forget(row.id)
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
        with write():
            sql = "SELECT link_id FROM purges WHERE link_id > ? ORDER BY link_id LIMIT ?"
            ids = [int(id_) for (id_,) in rows.all_of(sql, after, _LINKS)]
            if not ids:
                return
            gone = _sweep_links(ids, _CHUNK)
            if gone < _CHUNK:  # nothing is left of these
                after = ids[-1]
                due, values = rows.among("link_id", ids)
                gone += rows.run(f"DELETE FROM purges WHERE {due} AND at <= ?", values, _due(now))  # noqa: S608 - own words
        yield gone


def _due(now: datetime) -> int:
    return to_ms(now - _STILL_FOLDED)


def _sweep_links(ids: Sequence[int], room: int) -> int:
    """Delete some of what is left of these links, at most ``room`` rows; return how many.

    All of them by one statement a table: most links have left little, and the time goes into
    asking.
    """
    theirs, values = rows.among("link_id", ids)
    gone = 0
    for model in _BY_LINK:
        gone += _delete_some(model, theirs, (values,), room - gone)
    for (day,) in rows.all_of(_DAYS):
        gone += _delete_some(DayVisitor, f"day = ? AND {theirs}", (day, values), room - gone)
    forget = f"""
        UPDATE events SET link_id = NULL, variant_id = NULL, run = NULL, click_at = NULL
        WHERE id IN (SELECT id FROM events WHERE {theirs} LIMIT ?)
    """  # noqa: S608 - own words
    return gone + rows.run(forget, values, room - gone)


def _delete_some(model: type[Base], theirs: str, values: Sequence[object], limit: int) -> int:
    """Delete the rows for which ``theirs`` holds, at most ``limit``; return how many."""
    if not limit:
        return 0
    found = model._meta.get_primary_keys()  # type: ignore[no-untyped-call]  # of peewee
    keys = [field.column_name for field in found]
    key = ", ".join(f'"{name}"' for name in keys)
    table = model._meta.table_name
    sql = (
        f"DELETE FROM {table} WHERE ({key}) IN "  # noqa: S608 - own words
        f"(SELECT {key} FROM {table} WHERE {theirs} LIMIT ?)"
    )
    return rows.run(sql, *values, limit)
