"""The core's values as qklnk's JSON."""

from __future__ import annotations

from collections.abc import Sequence

from klink.core.events import EventView
from klink.core.links import LinkView, NumberedPage
from klink.core.links.model import UTM_NAMES
from klink.core.users import UserView
from klink.core.workspaces import WorkspaceView
from klink.dialects.base import Json, time
from klink.stats.counts import LinkCounts, with_counts
from klink.stats.reading import WorkspaceAnalytics


def links(views: Sequence[LinkView]) -> list[Json]:
    """Links with their counts."""
    return [link(view, counts) for view, counts in zip(views, with_counts(views), strict=True)]


def link(view: LinkView, counts: LinkCounts) -> Json:
    """A link (Q4)."""
    utm = zip(UTM_NAMES, view.utm.values(), strict=True)
    return {
        "id": view.id,
        "slug": view.slug,
        "short_url": view.short_url,
        "destination": view.url,
        **{f"utm_{name}": value for name, value in utm},
        "domain": view.domain,
        "clicks": counts.clicks,
        "unique_visitors": counts.unique_visitors,
        "created_at": time(view.created_at),
        "updated_at": time(view.updated_at),
    }


def page(found: NumberedPage, per_page: int, path: str, query: str) -> Json:
    """A page of links (Q5).

    :param path: the list's absolute URL.
    :param query: what the addresses of other pages have before ``page``.
    """

    def at(number: int) -> str:
        return f"{path}?{query}page={number}"

    before = (found.page - 1) * per_page
    here, count = found.page, len(found.items)
    return {
        "data": links(found.items),
        "links": {
            "first": at(1),
            "last": at(found.pages),
            "prev": at(min(here - 1, found.pages)) if here > 1 else None,
            "next": at(here + 1) if here < found.pages else None,
        },
        "meta": {
            "current_page": here,
            "from": before + 1 if count else None,
            "last_page": found.pages,
            "path": path,
            "per_page": per_page,
            "to": before + count if count else None,
            "total": found.total,
        },
    }


def user(view: UserView, team: WorkspaceView) -> Json:
    """A user in the team of their token (Q2)."""
    return {
        "id": view.id,
        "name": view.name or view.email.partition("@")[0],
        "email": view.email,
        "team": {"id": team.id, "name": team.name},
        "created_at": time(view.created_at),
    }


def analytics(found: WorkspaceAnalytics) -> Json:
    """The team's analytics (Q9)."""
    return {
        "total_clicks": found.total_clicks,
        "unique_visitors": found.unique_visitors,
        "conversions": found.conversions,
        "revenue": float(found.revenue),
        "top_links": [
            {"id": top.id, "slug": top.slug, "destination": top.url, "clicks": top.clicks}
            for top in found.top_links
        ],
    }


def event(view: EventView) -> Json:
    """An event that was recorded (Q11)."""
    return {
        "id": view.id,
        "visitor_id": view.visitor_id,
        "event_name": view.event_name,
        "revenue": None if view.revenue is None else float(view.revenue),
        "occurred_at": time(view.occurred_at),
        "is_conversion": view.is_conversion,
    }
