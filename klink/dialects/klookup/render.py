"""The core's values as Klook Up's JSON."""

from __future__ import annotations

from flask import Response

from klink.core.links import Created, LinkView, NumberedPage
from klink.dialects.base import Json, answer, time
from klink.stats.breakdown import Top
from klink.stats.counts import LinkCounts, with_counts
from klink.stats.lifetime import Lifetime

UNKNOWN_COUNTRY = "XX"
DEVICES = ("mobile", "desktop", "tablet")


def success(data: Json, status: int = 200) -> Response:
    """What every request gets that went well."""
    return answer({"success": True, "data": data}, status)


def created(made: Created) -> Json:
    """A link that was made; ``existing`` tells of one that was there (U2, U3)."""
    view = made.link
    found: Json = {
        "id": view.id,
        "short_code": view.slug,
        "short_url": short_url(view),
        "target_url": view.url,
        "type": view.type,
        "title": view.title,
        "description": view.description,
        "expires_at": time(view.expires_at),
        "post_id": view.post_id,
        "site_url": view.site_url,
        "site_verified_at": time(view.site_verified_at),
        "created_at": time(view.created_at),
    }
    return found | {"existing": True} if made.existing else found


def page(found: NumberedPage, limit: int) -> Json:
    """One page of the list (U4)."""
    counted = zip(found.items, with_counts(found.items), strict=True)
    return {
        "links": [_listed(view, counts) for view, counts in counted],
        "pagination": {
            "page": found.page,
            "limit": limit,
            "total_count": found.total,
            "total_pages": found.pages,
            "has_more": found.page < found.pages,
        },
    }


def whole(view: LinkView, had: Lifetime) -> Json:
    """A link and its statistics (U5)."""
    link = _listed(view, had.counts) | {
        "short_url": short_url(view),
        "description": view.description,
        "post_id": view.post_id,
        "site_url": view.site_url,
        "site_verified_at": time(view.site_verified_at),
        "scheduled_deletion_at": time(view.scheduled_deletion_at),
        "updated_at": time(view.updated_at),
    }
    return {"link": link, "stats": _stats(had)}


def changed(view: LinkView) -> Json:
    """A link after a change (U6)."""
    return {
        "id": view.id,
        "short_code": view.slug,
        "title": view.title,
        "is_active": int(view.is_active),
        "expires_at": time(view.expires_at),
        "updated_at": time(view.updated_at),
    }


def short_url(view: LinkView) -> str:
    """The address to share: of an ``inpage`` link, its preview's (U2)."""
    return f"{view.short_url}/page" if view.type == "inpage" else view.short_url


def _listed(view: LinkView, counts: LinkCounts) -> Json:
    return {
        "id": view.id,
        "short_code": view.slug,
        "target_url": view.url,
        "link_type": view.type,
        "title": view.title,
        "clicks": counts.clicks,
        "views": counts.views,
        "is_active": int(view.is_active),
        "expires_at": time(view.expires_at),
        "created_at": time(view.created_at),
    }


def _stats(had: Lifetime) -> Json:
    return {
        "total_clicks": had.counts.clicks,
        "clicks_by_country": _clicks(had.countries, UNKNOWN_COUNTRY),
        "clicks_by_device": dict.fromkeys(DEVICES, 0) | _clicks(had.devices, "other"),
        "clicks_by_browser": _clicks(had.browsers, "Other"),
        "recent_clicks": [{"date": str(each.day), "count": each.clicks} for each in had.recent],
    }


def _clicks(top: Top, unknown: str) -> dict[str, int]:
    """Clicks by value, the most first; what is unknown or summed up last."""
    found = {each.value: each.clicks for each in top.values if each.value and each.clicks}
    rest = top.other_clicks + sum(each.clicks for each in top.values if not each.value)
    return {**found, unknown: rest} if rest else found
