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
    has_utm = any(utm)
    # Any: text in the database, one of the few that the rules for links allow.
    link_type: Any = link.type
    mode: Any = link.mode
    if mode == "single":
        location = urls.merge_utm(link.location, utm) if has_utm else link.location
        variants: tuple[CompiledVariant, ...] = (CompiledVariant(0, "", location, _WHOLE),)
    else:
        variants = tuple(
            CompiledVariant(id_, label, urls.merge_utm(to, utm) if has_utm else to, weight)
            for _, id_, label, to, weight in rows.variants
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


@lru_cache(maxsize=1024)
def _condition(conditions: str) -> Condition:
    """Read a rule's condition; whole workspaces send by the same few."""
    return parse_condition(json.loads(conditions), is_stored=True)
