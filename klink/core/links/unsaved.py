"""Links that are not saved, made ready for imagined visits: new ones and changes of old ones.

They pass the same checks as the real thing; only what a visitor cannot notice is left out:
whether the slug is free, and what the plan allows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple

from klink.core.compiled import CompiledLink
from klink.core.context import Context
from klink.core.errors import Gone, NotFound
from klink.core.links.change import checked
from klink.core.links.compiling import compiled_of
from klink.core.links.destinations import Destinations
from klink.core.links.draft import draft
from klink.core.links.find import row_of
from klink.core.links.hosts import OwnHosts
from klink.core.links.limits import is_used_up_after
from klink.core.links.model import LinkPatch, NewLink
from klink.core.links.prepare import password_problem
from klink.core.links.views import views
from klink.core.passwords import HashedPassword
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db import link_rows
from klink.db.connection import read
from klink.db.link_rows import LinkRows, RawLink

_UNKNOWN_SLUG = "…"
"""Stands for the slug that klink will choose."""

_Variant = tuple[int, int, str, str, int, int | None]


class Unsaved(NamedTuple):
    """A link as it would be.

    :ivar is_used_up: as many have been forwarded as its ``max_clicks`` allows.
    """

    link: CompiledLink
    is_used_up: bool = False


def as_if_made(ctx: Context, who: Principal, new: NewLink) -> Unsaved:
    """A link that would be new; nothing is written.

    :raises InsufficientScope, ValidationFailed: as in creating it.
    """
    who.need("create")
    new = replace(new, password=_unhashed(new.password))
    with read():
        own = OwnHosts(ctx, who.workspace_id)
        ready = draft(ctx, who, new, own, allow_past_expiry=False)
    slug = ready.slug or _UNKNOWN_SLUG
    fixed = {
        "id": 0,
        "workspace_id": who.workspace_id,
        "slug": slug,
        "has_rules": bool(ready.where.rules),
    }
    # Any: a record has values of many types.
    values: dict[str, Any] = dict.fromkeys(RawLink._fields)
    values |= _columns(ready.columns) | fixed
    return Unsaved(compiled_of(_rows(RawLink(**values), ready.where, [])))


def as_if_changed(ctx: Context, who: Principal, uid: str, patch: LinkPatch) -> Unsaved:
    """A link as it would be after a change; nothing is written.

    :raises InsufficientScope, NotFound, Gone, ValidationFailed, OnlyOperator: as in changing it.
    """
    who.need("update")
    if isinstance(patch.password, str):
        patch = replace(patch, password=_unhashed(patch.password))
    with read():
        row = row_of(who, uid)
        if row.deleted_at is not None:
            raise Gone
        before = views(ctx, [row])[0]
        ready = checked(ctx, who, row, before, patch, allow_past_expiry=False)
        found = link_rows.fetch(row.domain_id, row.slug)
        if found is None:  # purged meanwhile
            raise NotFound
        link = found.link._replace(**_columns(ready.columns))
        if ready.where is not None:
            if link.location != found.link.location:
                link = link._replace(down_at=None)
            found = _rows(link, ready.where, found.variants)
        is_used_up = is_used_up_after(link.id, before.max_clicks, link.max_clicks)
    return Unsaved(compiled_of(found._replace(link=link)), is_used_up)


def _columns(columns: dict[str, Any]) -> dict[str, Any]:  # Any: of the columns' own types
    """Those that answering a visit reads, as the database keeps them."""
    return {
        name: to_ms(value) if isinstance(value, datetime) else value
        for name, value in columns.items()
        if name in RawLink._fields
    }


def _rows(link: RawLink, where: Destinations, before: Sequence[_Variant]) -> LinkRows:
    """The rows that would be stored; a destination that stays keeps its number and state."""
    known = {label: (id_, location, down_at) for _, id_, label, location, _, down_at in before}
    variants: list[_Variant] = []
    for place, each in enumerate(where.variants):
        id_, location, down_at = known.get(each.label, (0, "", None))
        kept = down_at if location == each.location else None
        variants.append((place, id_, each.label, each.location, each.weight, kept))
    return LinkRows(link, variants, [(rule.conditions, rule.use) for rule in where.rules])


def _unhashed(password: str | None) -> str | None:
    """A stand-in for a password that could be taken: hashing it would tell nothing more."""
    if password is None or password_problem(password):
        return password
    return HashedPassword("unhashed")
