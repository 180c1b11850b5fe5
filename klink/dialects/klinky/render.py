"""Links and clicks as Klinky shows them (K2, K6)."""

from __future__ import annotations

from collections.abc import Sequence

from klink.core.links import LinkView
from klink.dialects.base import Json, time
from klink.dialects.klinky import routing
from klink.stats.clicks import ClickView
from klink.stats.counts import LinkCounts, VariantCounts, with_counts

__all__ = ["click", "fresh", "links"]


def links(views: Sequence[LinkView]) -> list[Json]:
    """Links with their counts."""
    return [_link(view, counts) for view, counts in zip(views, with_counts(views), strict=True)]


def fresh(view: LinkView) -> Json:
    """A link that was just made: nobody has clicked on it, so there is nothing to be asked."""
    none = dict.fromkeys((variant.id for variant in view.variants), VariantCounts())
    return _link(view, LinkCounts(variants=none))


def click(link: LinkView, seen: ClickView) -> Json:
    """One click.

    ``ip`` is the address of the visitor's network (``203.0.113.0``, ``2001:db8:1::``): more
    is stored nowhere. ``variant`` is null when it was one that is gone.
    """
    variant, label = _chosen(link, seen)
    return {
        "id": seen.id,
        "timestamp": time(seen.at),
        "variant": variant,
        "variant_label": label,
        "country": seen.country,
        "device": seen.device,
        "browser": seen.browser,
        "referrer": seen.referrer,
        "ip": seen.net.partition("/")[0] if seen.net else None,
    }


def _chosen(link: LinkView, seen: ClickView) -> tuple[str | None, str | None]:
    if link.mode == "single" and seen.variant_id is None:
        return routing.main_id(link), routing.MAIN
    found = next((each for each in link.variants if each.id == seen.variant_id), None)
    return (found.uid, found.label) if found else (None, None)


def _link(view: LinkView, counts: LinkCounts) -> Json:
    return {
        "id": view.uid,
        "name": view.title or view.slug,
        "slug": view.slug,
        "short_url": view.short_url,
        "routing_type": routing.routing_type(view),
        "geo_rules": routing.geo_rules(view),
        "variants": _variants(view, counts),
        "auto_winner": view.auto_winner,
        "auto_winner_threshold": view.winner_threshold,
        "winner": view.winner,
        "enable_conversion_tracking": view.conversion_tracking,
        "conversion_redirect_url": view.conversion_redirect_url,
        "is_active": view.is_active,
        "total_clicks": counts.clicks,
        "total_conversions": counts.conversions,
        "created_at": time(view.created_at),
        "updated_at": time(view.updated_at),
    }


def _variants(view: LinkView, counts: LinkCounts) -> list[Json]:
    if view.mode == "single":
        own = (routing.main_id(view), routing.MAIN, view.url, 100)
        return [_variant(*own, counts.clicks, counts.conversions)]
    return [
        _variant(each.uid, each.label, each.url, each.weight, found.clicks, found.conversions)
        for each in view.variants
        for found in (counts.variants[each.id],)
    ]


def _variant(uid: str, label: str, url: str, weight: int, clicks: int, conversions: int) -> Json:
    return {
        "id": uid,
        "label": label,
        "destination_url": url,
        "weight": weight,
        "clicks": clicks,
        "conversions": conversions,
    }
