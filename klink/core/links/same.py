"""One active ``inpage`` link per post and per page of a workspace (klookup U3)."""

from __future__ import annotations

from collections.abc import Mapping

from klink.core.context import Context
from klink.core.links.find import counts_as_active
from klink.core.times import to_ms
from klink.db.connection import lock
from klink.db.models import Link


def lock_living(workspace_id: int) -> None:
    """Hold still which links of a workspace live, until the unit of work ends.

    One lock for the limit and for posts and pages, so that no two wait for each other.
    """
    lock(f"klink:links:{workspace_id}")


def existing_for(
    ctx: Context, workspace_id: int, columns: Mapping[str, object], *, but: int | None = None
) -> Link | None:
    """The active link that already stands for this link's post or page, or None.

    Held by a lock until the unit of work ends, so that concurrent calls find one another.

    :param columns: ``type``, ``post_id`` and ``site_url`` of the link; the post is asked
        for first.
    :param but: id of a link that does not count: the one being changed.
    """
    if columns.get("type") != "inpage":
        return None
    keys = [(Link.post_id, columns.get("post_id")), (Link.site_url, columns.get("site_url"))]
    if not any(value for _, value in keys):
        return None
    lock_living(workspace_id)
    for column, value in keys:
        if value:
            found: Link | None = (
                Link.select()
                .where(
                    Link.workspace == workspace_id,
                    column == value,
                    Link.type == "inpage",
                    Link.id != (but or 0),
                    counts_as_active(to_ms(ctx.now)),
                )
                .order_by(Link.id)
                .first()
            )
            if found is not None:
                return found
    return None
