"""Links made ready for visits: all that answering one needs to know."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from klink.core import urls
from klink.core.compiled import CompiledLink, CompiledVariant, Condition, Rule
from klink.core.routing import parse_condition
from klink.db import link_rows
from klink.db.link_rows import LinkRows

_WHOLE = 100


def compiled(domain_id: int, slug: str) -> CompiledLink | None:
    """All that a visit to this slug needs to know, or None when there is no such link.

    :raises DatabaseBusy: when the database cannot be read now.
    """
    rows = link_rows.fetch(domain_id, slug)
    return None if rows is None else compiled_of(rows)


def compiled_of(rows: LinkRows) -> CompiledLink:
    """The same, of rows that are read already."""
    link = rows.link
    utm = (link.utm_source, link.utm_medium, link.utm_campaign, link.utm_content, link.utm_term)
    instead = link.failover_location
    # Any: text in the database, one of the few that the rules for links allow.
    link_type: Any = link.type
    mode: Any = link.mode
    if mode == "single":
        to = _where_to(link.location, link.down_at, instead, utm)
        variants: tuple[CompiledVariant, ...] = (CompiledVariant(0, "", to, _WHOLE),)
    else:
        variants = tuple(
            CompiledVariant(id_, label, _where_to(location, down_at, instead, utm), weight)
            for _, id_, label, location, weight, down_at in rows.variants
        )
    # By place: naming all of them takes as long as everything else here.
    return CompiledLink(
        link.id,
        link.workspace_id,
        link.slug,
        link_type,
        mode,
        link.redirect_status,
        variants,
        tuple([Rule(_condition(conditions), use) for conditions, use in rows.rules]),
        link.default_label or "",
        link.winner_label or "",
        link.run,
        bool(link.forward_query),
        bool(link.conversion_tracking),
        link.starts_at,
        link.expires_at,
        link.expired_location,
        link.max_clicks,
        link.password_hash,
        bool(link.is_active),
        link.deleted_at is not None,
        link.quarantined_at is not None,
        link.title,
        link.description,
    )


def _where_to(
    location: str, down_at: int | None, instead: str | None, utm: tuple[str | None, ...]
) -> str:
    """Where visitors of a destination go: to ``instead`` while it is down."""
    to = location if down_at is None or instead is None else instead
    return urls.merge_utm(to, utm) if any(utm) else to


@lru_cache(maxsize=1024)
def _condition(conditions: str) -> Condition:
    """Read a rule's condition; whole workspaces send by the same few."""
    return parse_condition(json.loads(conditions), is_stored=True)
