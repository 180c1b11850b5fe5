"""Making links: one, or many at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import fields as dataclass_fields

import peewee

from klink.core import audit, changes, slugs
from klink.core.context import Changed, Context
from klink.core.errors import KlinkError, LinkLimitReached, SlugTaken, ValidationFailed
from klink.core.ids import new_uid
from klink.core.links import destinations, fields, hosts
from klink.core.links.find import counts_as_active, views
from klink.core.links.model import Created, NewLink
from klink.core.links.problems import Problems
from klink.core.links.same import existing_for
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db.connection import lock, read, savepoint, write
from klink.db.models import Link, LinkTag

log = logging.getLogger(__name__)

MAX_PASSWORDS = 50
"""Items of one bulk request that may have a password: hashing one takes about 20 ms."""

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
    with write():
        return _create(ctx, who, new, allow_past_expiry)


def create_many(
    ctx: Context, who: Principal, many: Sequence[NewLink | KlinkError], *, atomic: bool
) -> list[Created | KlinkError]:
    """Make many links in one unit of work; each item has its own outcome, in order.

    :param many: links, or the refusal that an item met before it came here.
    :param atomic: when one item fails none is made; the others then have no outcome but
        the ones they would have had, which the caller turns into words.
    """
    who.need("create")
    outcomes: list[Created | KlinkError] = []
    with write(), savepoint() as whole:
        for new in _few_passwords(many):
            outcomes.append(_attempt(ctx, who, new))
        if atomic and any(isinstance(outcome, KlinkError) for outcome in outcomes):
            whole.rollback()
    return outcomes


def _few_passwords(many: Sequence[NewLink | KlinkError]) -> Iterator[NewLink | KlinkError]:
    seen = 0
    for new in many:
        seen += isinstance(new, NewLink) and new.password is not None
        if isinstance(new, NewLink) and new.password is not None and seen > MAX_PASSWORDS:
            text = f"at most {MAX_PASSWORDS} links of one request may have a password"
            yield ValidationFailed({"password": [text]})
        else:
            yield new


def _attempt(ctx: Context, who: Principal, new: NewLink | KlinkError) -> Created | KlinkError:
    if isinstance(new, KlinkError):
        return new
    try:
        with savepoint():
            return _create(ctx, who, new, allow_past_expiry=False)
    except KlinkError as error:
        return error


def _create(ctx: Context, who: Principal, new: NewLink, allow_past_expiry: bool) -> Created:
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
        return Created(views(ctx, [old])[0], existing=True)
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
    _store_parts(ctx, row, where, tags, who.workspace_id)
    audit.record(ctx, who, "link.create", f"link:{row.uid}", {"slug": row.slug, "url": row.url})
    changes.record(ctx, Changed("link", row.id, domain_id, row.slug))
    return Created(views(ctx, [row])[0])


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


def _store_parts(
    ctx: Context,
    row: Link,
    where: destinations.Destinations,
    tags: tuple[str, ...],
    workspace_id: int,
) -> None:
    if where.variants:
        destinations.store(row.id, where, now_ms=to_ms(ctx.now))
    store_tags(row.id, workspace_id, tags)


def store_tags(link_id: int, workspace_id: int, tags: tuple[str, ...]) -> None:
    """Make these the link's tags."""
    LinkTag.delete().where(LinkTag.link == link_id).execute()
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
    lock(f"klink:links:{who.workspace_id}")
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
