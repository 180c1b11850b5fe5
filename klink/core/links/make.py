"""Making a link."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import fields as dataclass_fields
from typing import NamedTuple

import peewee

from klink.core import audit, changes, slugs
from klink.core.context import Changed, Context
from klink.core.errors import LinkLimitReached, SlugTaken
from klink.core.ids import new_uid
from klink.core.links import destinations, fields, hosts
from klink.core.links.find import counts_as_active, views
from klink.core.links.model import Created, NewLink
from klink.core.links.prepare import prepare
from klink.core.links.problems import Problems
from klink.core.links.same import existing_for, lock_living
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db.connection import read, savepoint, write
from klink.db.models import Link, LinkTag

log = logging.getLogger(__name__)

_TRIES = 10
_UNCHECKED = {"url", "slug", "domain", "tags", "mode", "variants", "rules", "default"}


def create(
    ctx: Context, who: Principal, new: NewLink, *, allow_past_expiry: bool = False
) -> Created:
    """Make a link, or find the one that an ``inpage`` link's post or page has already (U3).

    :raises InsufficientScope: the key may not create.
    :raises ValidationFailed: a field cannot be accepted; SlugReserved is one of these.
    :raises SlugTaken: the domain has the slug already, be it in the trash.
    :raises LinkLimitReached: the plan allows no more active links.
    """
    who.need("create")
    new = prepare(new)
    with write():
        made = make(ctx, who, new, allow_past_expiry=allow_past_expiry)
        if not made.existing:
            record(ctx, who, [made.row])
        return Created(views(ctx, [made.row])[0], made.existing)


class Made(NamedTuple):
    """A link's record, and whether it was there before."""

    row: Link
    existing: bool


def make(ctx: Context, who: Principal, new: NewLink, *, allow_past_expiry: bool) -> Made:
    """Check and insert one link; :func:`record` must follow in the same unit of work.

    :raises: as :func:`create`.
    """
    problems = Problems()
    slug = slugs.check_custom(new.slug) if new.slug else None
    domain_id = hosts.domain_id(ctx, who.workspace_id, new.domain)
    own = hosts.OwnHosts(ctx, (domain_id, slug) if slug else None)
    given = {
        field.name: getattr(new, field.name)
        for field in dataclass_fields(new)
        if field.name not in _UNCHECKED
    }
    columns = fields.columns(ctx, given, own, problems, allow_past_expiry=allow_past_expiry)
    fields.check_together(columns, problems)
    tags = fields.tags(new.tags, problems)
    where = destinations.check(
        url=new.url,
        mode=new.mode,
        variants=new.variants,
        rules=new.rules,
        default=new.default,
        own=own,
        problems=problems,
    )
    problems.raise_if_any()
    assert where is not None  # without problems there is an answer
    old = existing_for(ctx, who.workspace_id, columns)
    if old is not None:
        return Made(old, existing=True)
    if columns["is_active"]:
        check_limit(ctx, who)
    columns |= {
        "workspace": who.workspace_id,
        "created_by": who.user_id,
        "created_via": who.dialect,
        "domain": domain_id,
        "url": where.url,
        "location": where.location,
        "mode": where.mode,
        "default_label": where.default,
        "run": 1,
        "version": 1,
        "created_at": ctx.now,
        "updated_at": ctx.now,
    }
    row = _insert(ctx, columns, slug)
    if where.variants:
        destinations.store(row.id, where, now_ms=to_ms(ctx.now))
    insert_tags(row.id, who.workspace_id, tags)
    return Made(row, existing=False)


def record(ctx: Context, who: Principal, rows: Sequence[Link]) -> None:
    """Write down that these links were made, and let caches know after the commit."""
    if rows:
        made = ((f"link:{row.uid}", {"slug": row.slug, "url": row.url}) for row in rows)
        audit.record_all(ctx, who, "link.create", made)
        changes.record_all(ctx, [Changed("link", row.id, row.domain_id, row.slug) for row in rows])


def _insert(ctx: Context, columns: dict[str, object], slug: str | None) -> Link:
    """Insert the row under the slug asked for, or under one that is free."""
    for _ in range(_TRIES):
        tried = slug or slugs.generate()
        try:
            with savepoint():
                row: Link = Link.create(**columns, slug=tried, uid=new_uid(ctx.now))
                return row
        except peewee.IntegrityError:
            if slug is not None:
                raise SlugTaken(slug) from None
            log.info("a generated slug was taken; trying another")
    raise RuntimeError(f"no free slug in {_TRIES} tries")


def store_tags(link_id: int, workspace_id: int, tags: tuple[str, ...]) -> None:
    """Make these the link's tags."""
    LinkTag.delete().where(LinkTag.link == link_id).execute()
    insert_tags(link_id, workspace_id, tags)


def insert_tags(link_id: int, workspace_id: int, tags: tuple[str, ...]) -> None:
    """Give tags to a link that has none."""
    rows = [{"link": link_id, "tag": tag, "workspace_id": workspace_id} for tag in tags]
    if rows:
        LinkTag.insert_many(rows).execute()


def check_limit(ctx: Context, who: Principal) -> None:
    """Refuse one more active link when a plan allows no more (contract: ``max_links``).

    :raises LinkLimitReached: with the plan's number.
    """
    limits = [plan.max_links for plan in who.plans if plan.max_links is not None]
    if not limits:
        return
    lock_living(who.workspace_id)
    active = Link.select().where(
        Link.workspace == who.workspace_id, counts_as_active(to_ms(ctx.now))
    )
    if active.limit(min(limits)).count() >= min(limits):
        raise LinkLimitReached(min(limits))


def active_links(ctx: Context, workspace_id: int) -> int:
    """How many links of the workspace ``max_links`` counts."""
    living = counts_as_active(to_ms(ctx.now))
    with read():
        return int(Link.select().where(Link.workspace == workspace_id, living).count())
