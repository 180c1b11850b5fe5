"""Reading links: one, and what a visit needs to know of one."""

from __future__ import annotations

import re

import peewee

from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.links.model import LinkView, Utm
from klink.core.links.views import views
from klink.core.principal import Principal
from klink.db.connection import lock, read
from klink.db.models import Domain, Link

_UID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def get(ctx: Context, who: Principal, uid: str) -> LinkView:
    """The workspace's link with this UUID, in the trash or not.

    :raises InsufficientScope: the key may not read.
    :raises NotFound: unknown, or another workspace's.
    """
    who.need("read")
    with read():
        return views(ctx, [row_of(who, uid)])[0]


def row_of(who: Principal, uid: str) -> Link:
    """The record of the workspace's link with this UUID.

    :raises NotFound: unknown, or another workspace's.
    """
    row = None
    if _UID.fullmatch(uid):  # anything else, NUL for one, the database need not see
        row = Link.get_or_none(Link.uid == uid.lower(), Link.workspace == who.workspace_id)
    if row is None:
        raise NotFound("link")
    return row


def locked_row(who: Principal, uid: str) -> Link:
    """The same record, which nobody else changes until the unit of work ends.

    :raises NotFound: unknown, or another workspace's.
    """
    lock(f"klink:link:{row_of(who, uid).id}")
    return row_of(who, uid)  # as it is now


def find(ctx: Context, who: Principal, name: str) -> LinkView:
    """The workspace's link with this UUID, number or slug: for people who type.

    :raises NotFound: when there is none.
    """
    who.need("read")
    with read():
        mine = Link.select().where(Link.workspace == who.workspace_id)
        by_slug = mine.where(Link.slug == name).order_by(Link.id)
        row = (
            mine.where(Link.uid == name).first()
            or by_slug.where(Link.deleted_at.is_null()).first()
            or by_slug.where(Link.deleted_at.is_null(False)).first()
        )
        if row is None and name.isdecimal() and len(name) < 19:
            row = mine.where(Link.id == int(name)).first()
        if row is None:
            raise NotFound(f"link {name!r}")
        return views(ctx, [row])[0]


def utm_of(row: Link) -> Utm:
    """The five campaign parameters of a record."""
    return Utm(row.utm_source, row.utm_medium, row.utm_campaign, row.utm_content, row.utm_term)


def domain_of_host(host: str) -> int | None:
    """The id of the verified domain with this host, or None."""
    with read():
        row = Domain.get_or_none(Domain.host == host, Domain.verified_at.is_null(False))
    return None if row is None else int(row.id)


def counts_as_active(now_ms: int) -> peewee.Expression:
    """What ``max_links`` counts: not trashed, not inactive, not expired."""
    living: peewee.Expression = (
        Link.deleted_at.is_null()
        & (Link.is_active == True)  # noqa: E712 - SQL, not Python
        & (Link.expires_at.is_null() | (Link.expires_at > now_ms))
    )
    return living
