"""Links that could be put on a bio page."""

from __future__ import annotations

from klink.core.bio.reading import chosen
from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.links.find import get, uid_by_slug
from klink.core.links.model import LinkQuery, LinkView
from klink.core.links.search import search
from klink.core.principal import Principal

__all__ = ["candidates"]

_SHOWN = 8


def candidates(ctx: Context, who: Principal, name: str, q: str = "") -> list[LinkView]:
    """Links of the workspace that are not on a page yet, the newest first, at most eight.

    :param q: words to find in slug, title or URL; the link that has it as its slug, or whose
        short URL it is, comes first.
    :raises InsufficientScope: who asks may not read.
    :raises NotFound: the workspace has no page of this name.
    :raises ValidationFailed: on ``q``.
    """
    q = q.strip().lstrip("/")
    there = {each.link.id for each in chosen(ctx, who, name)}
    query = LinkQuery(q=q, limit=_SHOWN + len(there))
    found = {link.id: link for link in [*_by_slug(ctx, who, q), *search(ctx, who, query).items]}
    return [link for link in found.values() if link.id not in there][:_SHOWN]


def _by_slug(ctx: Context, who: Principal, text: str) -> list[LinkView]:
    slug = text.rpartition("/")[2]
    try:
        return [get(ctx, who, uid_by_slug(who, slug, scope="read"))]
    except NotFound:
        return []
