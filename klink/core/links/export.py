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
from klink.core.links.views import records, views, views_of
from klink.core.principal import Principal
from klink.db import rows
from klink.db.connection import read

_PAGE = 1_000


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


def every(ctx: Context, workspace_id: int, *, in_trash: bool) -> Iterator[list[LinkView]]:
    """All links of a workspace by pages, the oldest first: those in the trash, or all others."""
    place = "IS NOT NULL" if in_trash else "IS NULL"
    tail = f"WHERE workspace_id = ? AND deleted_at {place} AND id > ? ORDER BY id LIMIT ?"
    after = 0
    while True:
        with read():
            page = views_of(ctx, records(tail, workspace_id, after, _PAGE))
        if page:
            yield page
        if len(page) < _PAGE:
            return
        after = page[-1].id


def on_domain(
    ctx: Context, domain_id: int, workspace_id: int | None = None
) -> Iterator[list[LinkView]]:
    """All links of a domain by pages, in the order of their slugs, those in the trash too.

    :param workspace_id: only those of this one.
    """
    mine, values = (
        ("", ()) if workspace_id is None else ("AND workspace_id + 0 = ?", (workspace_id,))
    )
    tail = f"WHERE domain_id = ? AND slug > ? {mine} ORDER BY slug LIMIT ?"
    after = ""
    while True:
        with read():
            page = views_of(ctx, records(tail, domain_id, after, *values, _PAGE))
        if page:
            yield page
        if len(page) < _PAGE:
            return
        after = page[-1].slug


def same_but_for_case(domain_id: int) -> frozenset[str]:
    """Slugs of a domain, in lower case, that several links have but for their case.

    Chosen by chance, a million slugs hold about six such pairs.
    """
    sql = """
        SELECT LOWER(slug) FROM links WHERE domain_id = ? GROUP BY LOWER(slug) HAVING COUNT(*) > 1
    """
    with read():
        return frozenset(slug for (slug,) in rows.all_of(sql, domain_id))


def how_many(workspace_id: int | None = None) -> int:
    """Links of a workspace, or of all, those in the trash too."""
    mine, values = ("", ()) if workspace_id is None else ("WHERE workspace_id = ?", (workspace_id,))
    with read():
        row = rows.one(f"SELECT COUNT(*) FROM links {mine}", *values)  # noqa: S608 - own words
    return 0 if row is None else int(row[0])


def password_hashes(links: Sequence[LinkView]) -> dict[int, str]:
    """The argon2id hashes of those of these links that have a password, by their numbers."""
    guarded = [link.id for link in links if link.password_protected]
    if not guarded:
        return {}
    condition, value = rows.among("id", guarded)
    with read():
        found = rows.all_of(f"SELECT id, password_hash FROM links WHERE {condition}", value)  # noqa: S608
    return {number: hashed for number, hashed in found if hashed is not None}
