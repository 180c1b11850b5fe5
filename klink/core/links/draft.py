"""A link to make, checked: everything about it that can be told before it is written."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from dataclasses import fields as dataclass_fields
from operator import attrgetter
from typing import Any

from klink.core import slugs
from klink.core.context import Context
from klink.core.links import destinations, fields
from klink.core.links.destinations import Destinations
from klink.core.links.hosts import OwnHosts, Place
from klink.core.links.model import NewLink
from klink.core.principal import Principal
from klink.core.problems import Problems
from klink.core.times import from_ms, to_ms

_ELSEWHERE = {"url", "slug", "domain", "tags", "mode", "variants", "rules", "default"}
_OWN = tuple(f.name for f in dataclass_fields(NewLink) if f.name not in _ELSEWHERE)
_own_values = attrgetter(*_OWN)


@dataclass(slots=True)
class Draft:
    """A link that may be stored, as soon as its place is known to be free.

    :ivar columns: fields of the record, without ``id``, ``uid`` and ``slug``. Any: each of
        its own type.
    :ivar slug: the slug asked for, or None for any.
    :ivar leads_home: a destination lies on a host of ours, so whether it is a loop depends
        on which slugs there are.
    :ivar imported: clicks that it had elsewhere before.
    """

    new: NewLink
    columns: dict[str, Any]
    domain_id: int
    slug: str | None
    tags: tuple[str, ...]
    where: Destinations
    leads_home: bool
    imported: int = 0


def draft(
    ctx: Context,
    who: Principal,
    new: NewLink,
    own: OwnHosts,
    *,
    made: Container[Place] = (),
    allow_past_expiry: bool,
) -> Draft:
    """Check everything about a new link but whether its slug is free and the plan allows it.

    :param made: places of the links that are made before it in the same unit of work.
    :raises ValidationFailed: a field cannot be accepted; SlugReserved is one of these.
    """
    problems = Problems()
    slug = slugs.check_custom(new.slug) if new.slug else None
    if new.domain is None:
        domain_id = own.default(who.workspace_id)
    else:
        domain_id = own.named(ctx, who.workspace_id, new.domain)
    own.turn_to((domain_id, slug) if slug else None, made)
    given = dict(zip(_OWN, _own_values(new), strict=True))
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
    columns |= _fixed(ctx, who, domain_id, where)
    return Draft(new, columns, domain_id, slug, tags, where, own.met)


def _fixed(ctx: Context, who: Principal, domain_id: int, where: Destinations) -> dict[str, Any]:
    """What a new link has whatever else is said of it."""
    now = from_ms(to_ms(ctx.now))  # as it will be read
    return {
        "workspace": who.workspace_id,
        "created_by": who.user_id,
        "created_via": who.dialect,
        "domain": domain_id,
        "url": where.url,
        "location": where.location,
        "mode": where.mode,
        "default_label": where.default,
        "winner_label": None,
        "winner_at": None,
        "run": 1,
        "site_verified_at": None,
        "scheduled_deletion_at": None,
        "quarantined_at": None,
        "quarantined_by": None,
        "quarantine_reason": None,
        "down_at": None,
        "deleted_at": None,
        "version": 1,
        "created_at": now,
        "updated_at": now,
    }
