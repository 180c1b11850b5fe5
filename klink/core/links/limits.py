"""Links that end: by the clock, or by the number of people they may forward."""

from __future__ import annotations

from typing import Any

from klink.core import audit, changes
from klink.core.context import Changed, Context
from klink.core.times import to_ms
from klink.db.connection import read, write
from klink.db.models import Link, LinkTotal, LinkUse, Meta

_MARK = "expired_until"


def expire_due(ctx: Context, *, limit: int = 500) -> int:
    """Write down which links have expired since the last call; return how many.

    ``resolve`` goes by the clock, so no visitor waits for this: it tells the link's
    history and lets caches drop what nobody can reach. The links stay as they are, so a
    later expiry brings one back. One transaction of at most ``limit`` links.
    """
    with write():
        since, last_id = _mark()
        # Any: peewee's query types do not survive chaining.
        due: Any = Link.select().where(
            Link.expires_at >= since,
            Link.expires_at <= ctx.now,
            (Link.expires_at > since) | (Link.id > last_id),
        )
        rows = list(due.order_by(Link.expires_at, Link.id).limit(limit))
        if not rows:
            return 0
        for row in rows:
            if row.deleted_at is None:
                changes.record(ctx, Changed("link", row.id, row.domain_id, row.slug))
                audit.record(
                    ctx, None, "link.expire", f"link:{row.uid}", workspace_id=row.workspace_id
                )
        until = f"{to_ms(rows[-1].expires_at)} {rows[-1].id}"
        Meta.insert(key=_MARK, value=until).on_conflict(
            conflict_target=[Meta.key], update={Meta.value: until}
        ).execute()
        return len(rows)


def _mark() -> tuple[int, int]:
    """Expiry (milliseconds) and id of the last link that was written down."""
    row = Meta.get_or_none(Meta.key == _MARK)
    if row is None:
        return 0, 0
    expiry, _, last_id = row.value.partition(" ")
    return int(expiry), int(last_id or 0)


def take_use(link_id: int, max_clicks: int) -> bool:
    """Give out one of a link's ``max_clicks`` uses, or say that none is left.

    Exact however many ask at once; committed before the visitor is answered.
    """
    with write():
        if not Link.select().where(Link.id == link_id, Link.max_clicks.is_null(False)).exists():
            return True  # the limit has gone since the caller read the link
        LinkUse.insert(link_id=link_id, used=0).on_conflict_ignore().execute()
        taken = (
            LinkUse.update(used=LinkUse.used + 1)
            .where(LinkUse.link_id == link_id, LinkUse.used < max_clicks)
            .execute()
        )
        return bool(taken)


def uses_left(link_id: int, max_clicks: int) -> bool:
    """Whether a use is left; takes none."""
    with read():
        row = LinkUse.get_or_none(LinkUse.link_id == link_id)
    return row is None or bool(row.used < max_clicks)


def is_used_up_after(link_id: int, before: int | None, after: int | None) -> bool:
    """Whether no use would be left if ``max_clicks`` became another number, or stayed.

    A new limit counts the clicks so far, but for those that the link had before it came here.
    """
    if after is None:
        return False
    if before is not None:
        return not uses_left(link_id, after)
    with read():
        total = LinkTotal.get_or_none(LinkTotal.link_id == link_id)
    return total is not None and bool(total.clicks - total.imported >= after)
