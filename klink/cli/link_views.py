"""Links as the command line shows them."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

import click

from klink.cli.output import escaped, print_fields
from klink.core.links import LinkView
from klink.core.links.model import CheckView
from klink.core.times import format_rfc3339
from klink.stats.counts import LinkCounts


def state_of(link: LinkView, now: datetime) -> str:
    """What a visitor finds, in one word."""
    if link.quarantined_at is not None:
        return "quarantined"
    if link.deleted_at is not None:
        return "trashed"
    if not link.is_active:
        return "inactive"
    if link.expires_at is not None and link.expires_at <= now:
        return "expired"
    if link.starts_at is not None and link.starts_at > now:
        return "waiting"
    return "active"


def link_json(link: LinkView, counts: LinkCounts) -> dict[str, object]:
    """A link as JSON has one: the names of the native API (contract: native, Link)."""
    return {
        "id": link.uid,
        "number": link.id,
        "slug": link.slug,
        "domain": link.domain,
        "short_url": link.short_url,
        "url": link.url,
        "title": link.title,
        "description": link.description,
        "tags": list(link.tags),
        "type": link.type,
        "post_id": link.post_id,
        "site_url": link.site_url,
        "site_verified_at": link.site_verified_at,
        "scheduled_deletion_at": link.scheduled_deletion_at,
        "routing": _routing(link, counts),
        "experiment": {
            "auto_winner": link.auto_winner,
            "threshold": link.winner_threshold,
            "winner": link.winner,
            "decided_at": link.winner_at,
        },
        "utm": asdict(link.utm),
        "forward_query": link.forward_query,
        "redirect_status": link.redirect_status,
        "conversion_tracking": link.conversion_tracking,
        "conversion_redirect_url": link.conversion_redirect_url,
        "starts_at": link.starts_at,
        "expires_at": link.expires_at,
        "max_clicks": link.max_clicks,
        "expired_url": link.expired_url,
        "failover_url": link.failover_url,
        "check": None if link.check is None else asdict(link.check),
        "password_protected": link.password_protected,
        "is_active": link.is_active,
        "quarantined_at": link.quarantined_at,
        "quarantined_by": link.quarantined_by,
        "quarantine_reason": link.quarantine_reason,
        "clicks": counts.clicks,
        "views": counts.views,
        "unique_visitors": counts.unique_visitors,
        "conversions": counts.conversions,
        "revenue": str(counts.revenue),
        "created_at": link.created_at,
        "updated_at": link.updated_at,
        "deleted_at": link.deleted_at,
    }


def _routing(link: LinkView, counts: LinkCounts) -> dict[str, object]:
    return {
        "mode": link.mode,
        "variants": [
            {
                "label": variant.label,
                "url": variant.url,
                "weight": variant.weight,
                "clicks": counts.variants[variant.id].clicks,
                "conversions": counts.variants[variant.id].conversions,
                "check": None if variant.check is None else asdict(variant.check),
            }
            for variant in link.variants
        ],
        "rules": [{"when": rule.when, "use": rule.use} for rule in link.rules],
        "default": link.default,
    }


def print_link(link: LinkView, counts: LinkCounts, now: datetime) -> None:
    """Print a link for people: what it has, field by field, then its variants."""
    utm = {f"utm {name}": text for name, text in asdict(link.utm).items()}
    optional: dict[str, object] = {
        "title": link.title,
        "description": link.description,
        "tags": ", ".join(link.tags) or None,
        "post": link.post_id,
        "page": link.site_url,
        "verified": link.site_verified_at,
        "deleted from": link.scheduled_deletion_at,
        **utm,
        "starts": link.starts_at,
        "expires": link.expires_at,
        "max clicks": link.max_clicks,
        "expired url": link.expired_url,
        "failover url": link.failover_url,
        "checked": None if link.check is None else _told(link.check),
        "password": "set" if link.password_protected else None,
        "quarantined": link.quarantined_at,
        "because it": link.quarantine_reason if link.quarantined_by == "scan" else None,
        "reason": link.quarantine_reason if link.quarantined_by != "scan" else None,
    }
    fields: dict[str, object] = {
        "short url": link.short_url,
        "url": link.url,
        "state": state_of(link, now),
        "id": link.uid,
        "number": link.id,
        "type": link.type,
        "redirect": link.redirect_status,
        **{name: value for name, value in optional.items() if value is not None},
        "clicks": counts.clicks,
        "views": counts.views,
        "unique visitors": counts.unique_visitors,
        "created": link.created_at,
        "updated": link.updated_at,
    }
    print_fields(fields)
    for variant in link.variants:
        label, clicks = escaped(variant.label), counts.variants[variant.id].clicks
        click.echo(f"  {variant.weight:3} % {label}: {escaped(variant.url)} ({clicks} clicks)")
        if variant.check is not None:
            click.echo(escaped(f"        checked {_told(variant.check)}"))


def _told(check: CheckView) -> str:
    """How a check went, in one line."""
    found = "no answer" if check.status is None else f"status {check.status}"
    if check.final_host is not None:
        found += f" from {check.final_host}"
    told = f"{format_rfc3339(check.checked_at)}: {found}"
    if check.problem is not None and check.failing_since is not None:
        told += f", {check.problem} since {format_rfc3339(check.failing_since)}"
    if check.down_since is not None:
        told += f", down since {format_rfc3339(check.down_since)}"
    return told
