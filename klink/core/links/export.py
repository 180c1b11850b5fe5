"""All links that a list holds, for exports: read by pages, so that nothing grows with them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from klink.core.context import Context
from klink.core.errors import ValidationFailed
from klink.core.links.find import rows_of
from klink.core.links.many import MAX_MANY
from klink.core.links.model import LinkPage, LinkQuery, LinkView
from klink.core.links.search import MAX_LIMIT, search
from klink.core.links.views import views
from klink.core.principal import Principal
from klink.db.connection import read


def pages(ctx: Context, who: Principal, query: LinkQuery) -> Iterator[list[LinkView]]:
    """Every link for which the query's filters hold, by pages, the newest first.

    Refuses at once, like :func:`~klink.core.links.search.search`, and then reads page by page;
    sort, cursor and limit of the query do not matter.

    :raises InsufficientScope, ValidationFailed: as ``search``.
    """
    asked = replace(query, sort="-created", cursor=None, limit=MAX_LIMIT)
    first = search(ctx, who, asked)

    def walk(page: LinkPage) -> Iterator[list[LinkView]]:
        while True:
            yield page.items
            if page.next_cursor is None:
                return
            page = search(ctx, who, replace(asked, cursor=page.next_cursor))

    return walk(first)


def chosen(ctx: Context, who: Principal, uids: Sequence[str]) -> list[LinkView]:
    """Those of these links that the workspace has, in the trash or not, the oldest first.

    :raises InsufficientScope: the key may not read.
    :raises ValidationFailed: they are too many.
    """
    who.need("read")
    if len(uids) > MAX_MANY:
        raise ValidationFailed({"ids": [f"choose at most {MAX_MANY} links"]})
    with read():
        return views(ctx, rows_of(who, uids))
