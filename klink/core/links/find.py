"""Reading links: one, and what a visit needs to know of one."""

from __future__ import annotations

import re
from collections.abc import Sequence

import peewee

from klink.core.context import Context
from klink.core.errors import NotFound, NotYours
from klink.core.links.model import LinkView, Utm
from klink.core.links.views import views
from klink.core.principal import Principal
from klink.core.slugs import may_be_slug
from klink.db.connection import lock, read
from klink.db.models import Domain, Link

_MAX_NUMBER = 2**63 - 1
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

    :raises NotFound: unknown; NotYours when it is another workspace's.
    """
    row = None
    if _UID.fullmatch(uid):  # anything else, NUL for one, the database need not see
        row = Link.get_or_none(Link.uid == uid.lower(), Link.workspace == who.workspace_id)
        if row is None and Link.select().where(Link.uid == uid.lower()).exists():
            raise NotYours
    if row is None:
        raise NotFound("link")
    return row


def uid_by_number(who: Principal, number: int, *, scope: str) -> str:
    """The UUID of the workspace's link with this number, which is not in the trash.

    :param scope: what the key is about to do with it.
    :raises InsufficientScope: the key may not do that.
    :raises NotFound: unknown, or in the trash; NotYours when it is another workspace's.
    """
    who.need(scope)
    row = None
    if 1 <= number <= _MAX_NUMBER:
        with read():
            row = Link.get_or_none(Link.id == number)
    if row is not None and row.workspace_id != who.workspace_id:
        raise NotYours
    if row is None or row.deleted_at is not None:
        raise NotFound("link")
    return str(row.uid)


def uid_by_slug(who: Principal, slug: str, *, scope: str) -> str:
    """The UUID of the workspace's link with this slug, which is not in the trash.

    Of several domains that have it, the oldest link's (qklnk Q6).

    :param scope: what the key is about to do with it.
    :raises InsufficientScope: the key may not do that.
    :raises NotFound: the workspace has none.
    """
    who.need(scope)
    row = None
    if may_be_slug(slug):
        mine = (Link.workspace == who.workspace_id) & (Link.slug == slug)
        query = Link.select(Link.uid).where(mine, Link.deleted_at.is_null()).order_by(Link.id)
        with read():
            row = query.first()
    if row is None:
        raise NotFound("link")
    return str(row.uid)


def locked_row(who: Principal, uid: str) -> Link:
    """The same record, which nobody else changes until the unit of work ends.

    :raises NotFound: as :func:`row_of`.
    """
    lock(f"klink:link:{row_of(who, uid).id}")
    return row_of(who, uid)  # as it is now


def rows_of(who: Principal, uids: Sequence[str]) -> list[Link]:
    """The records of those of these links that the workspace has, the oldest first."""
    asked = [uid.lower() for uid in uids if _UID.fullmatch(uid)]
    mine = Link.select().where(Link.workspace == who.workspace_id, Link.uid.in_(asked))
    return list(mine.order_by(Link.id)) if asked else []


def locked_rows(who: Principal, uids: Sequence[str]) -> list[Link]:
    """The same records, each held as by :func:`locked_row`.

    Taken in their order, so that no two who hold several wait for each other.
    """
    for row in rows_of(who, uids):
        lock(f"klink:link:{row.id}")
    return rows_of(who, uids)  # as they are now


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
