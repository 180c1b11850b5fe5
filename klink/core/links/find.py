"""Reading links: one, a page of them, and what a visit needs to know of one."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import peewee

from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.links.model import LinkView, RuleView, Utm, VariantView
from klink.core.principal import Principal
from klink.db.connection import lock, read
from klink.db.models import BASE_DOMAIN_ID, Domain, Link, LinkTag, Rule, Variant

_UID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CHUNK = 500  # SQLite and PostgreSQL both take far more parameters; this keeps texts short


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
        row = mine.where((Link.uid == name) | (Link.slug == name)).order_by(Link.id).first()
        if row is None and name.isdecimal() and len(name) < 19:
            row = mine.where(Link.id == int(name)).first()
        if row is None:
            raise NotFound(f"link {name!r}")
        return views(ctx, [row])[0]


def views(ctx: Context, rows: Sequence[Link]) -> list[LinkView]:
    """The rows as views, whatever their number with a handful of queries."""
    ids = [row.id for row in rows]
    tags = _by_link(ids, LinkTag, LinkTag.tag)
    variants = _by_link(ids, Variant, Variant.position)
    rules = _by_link(ids, Rule, Rule.position)
    hosts = _hosts({row.domain_id for row in rows})
    return [_view(ctx, row, hosts, tags[row.id], variants[row.id], rules[row.id]) for row in rows]


def _by_link(ids: Sequence[int], model: Any, order: Any) -> dict[int, list[Any]]:
    # Any: three models that share only the column ``link``; peewee's types cannot say so.
    found: dict[int, list[Any]] = defaultdict(list)
    for start in range(0, len(ids), _CHUNK):
        chunk = ids[start : start + _CHUNK]
        for row in model.select().where(model.link.in_(chunk)).order_by(model.link, order):
            found[row.link_id].append(row)
    return found


def _hosts(ids: Iterable[int]) -> dict[int, str]:
    others = [i for i in ids if i != BASE_DOMAIN_ID]
    if not others:
        return {}
    return {row.id: row.host for row in Domain.select().where(Domain.id.in_(others))}


def _view(
    ctx: Context,
    row: Link,
    hosts: dict[int, str],
    tags: list[LinkTag],
    variants: list[Variant],
    rules: list[Rule],
) -> LinkView:
    host = hosts.get(row.domain_id, ctx.settings.base_host)
    return LinkView(
        id=row.id,
        uid=row.uid,
        workspace_id=row.workspace_id,
        created_by=row.created_by,
        created_via=row.created_via,
        slug=row.slug,
        domain=host,
        short_url=f"{ctx.settings.base_scheme}://{host}/{row.slug}",
        url=row.url,
        title=row.title,
        description=row.description,
        tags=tuple(tag.tag for tag in tags),
        type=row.type,
        post_id=row.post_id,
        site_url=row.site_url,
        site_verified_at=row.site_verified_at,
        scheduled_deletion_at=row.scheduled_deletion_at,
        mode=row.mode,
        variants=tuple(VariantView(v.id, v.uid, v.label, v.url, v.weight) for v in variants),
        rules=tuple(RuleView(json.loads(r.conditions), r.use) for r in rules),
        default=row.default_label,
        auto_winner=row.auto_winner,
        winner_threshold=row.winner_threshold,
        winner=row.winner_label,
        winner_at=row.winner_at,
        run=row.run,
        utm=utm_of(row),
        forward_query=row.forward_query,
        redirect_status=row.redirect_status,
        conversion_tracking=row.conversion_tracking,
        starts_at=row.starts_at,
        expires_at=row.expires_at,
        max_clicks=row.max_clicks,
        expired_url=row.expired_url,
        password_protected=row.password_hash is not None,
        is_active=row.is_active,
        quarantined_at=row.quarantined_at,
        deleted_at=row.deleted_at,
        version=row.version,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


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
