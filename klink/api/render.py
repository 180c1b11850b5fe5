"""The core's values as this door's JSON: the shapes of the contract, exactly."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Response, request
from flask.json import dumps

from klink.clicks.imagined import Imagined
from klink.core.events import EventView
from klink.core.explain import Explanation
from klink.core.links import Created, LinkView
from klink.core.links.model import UTM_NAMES, CheckView
from klink.core.plans import Plan
from klink.core.times import format_rfc3339, from_ms
from klink.stats.breakdown import Top
from klink.stats.clicks import ClickView
from klink.stats.counts import LinkCounts, VariantCounts, with_counts
from klink.stats.ranges import Covered
from klink.stats.reading import LinkStats, WorkspaceAnalytics
from klink.stats.series import Point

Json = dict[str, Any]  # Any: JSON of every type


def answer(body: Mapping[str, object] | Sequence[object], status: int = 200) -> Response:
    """A JSON answer."""
    return Response(dumps(body) + "\n", status, mimetype="application/json")


def placed_by(name: str) -> Callable[[Response], None]:
    """Says of an answer 201 where the new thing is, as the request's own mount has it.

    :param name: the member of its JSON by which it is asked for.
    """

    def place(response: Response) -> None:
        if response.status_code == 201:
            word = quote(str(response.get_json()[name]), safe="")
            response.headers["Location"] = f"{request.path}/{word}"

    return place


def link_answer(view: LinkView, status: int = 200) -> Response:
    """A single link with its counts, and its version as a strong ETag."""
    response = answer(links([view])[0], status)
    response.set_etag(str(view.version))
    return response


def created_answer(made: Created) -> Response:
    """What a creation gives: 201, or 200 when an old link answers for it."""
    response = answer(created(made), 200 if made.existing else 201)
    response.set_etag(str(made.link.version))
    return response


def created(made: Created) -> Json:
    """A created link; ``existing`` tells of one that was there."""
    if made.existing:
        return links([made.link])[0] | {"existing": True}
    # Nobody has clicked on it yet, so there is nothing to be asked.
    none = LinkCounts(variants=dict.fromkeys((v.id for v in made.link.variants), VariantCounts()))
    return link(made.link, none)


def links(views: Sequence[LinkView]) -> list[Json]:
    """Links with their counts (contract: native, "Link")."""
    return [link(view, counts) for view, counts in zip(views, with_counts(views), strict=True)]


def link(view: LinkView, counts: LinkCounts) -> Json:
    """One link."""
    return {
        "id": view.uid,
        "number": view.id,
        "slug": view.slug,
        "domain": view.domain,
        "short_url": view.short_url,
        "url": view.url,
        "title": view.title,
        "description": view.description,
        "tags": view.tags,
        "type": view.type,
        "post_id": view.post_id,
        "site_url": view.site_url,
        "site_verified_at": time(view.site_verified_at),
        "scheduled_deletion_at": time(view.scheduled_deletion_at),
        "routing": _routing(view, counts),
        "experiment": {
            "auto_winner": view.auto_winner,
            "threshold": view.winner_threshold,
            "winner": view.winner,
            "decided_at": time(view.winner_at),
        },
        "utm": dict(zip(UTM_NAMES, view.utm.values(), strict=True)),
        "forward_query": view.forward_query,
        "redirect_status": view.redirect_status,
        "conversion_tracking": view.conversion_tracking,
        "conversion_redirect_url": view.conversion_redirect_url,
        "starts_at": time(view.starts_at),
        "expires_at": time(view.expires_at),
        "max_clicks": view.max_clicks,
        "expired_url": view.expired_url,
        "failover_url": view.failover_url,
        "check": _check(view.check),
        "password_protected": view.password_protected,
        "is_active": view.is_active,
        "quarantined_at": time(view.quarantined_at),
        "quarantined_by": view.quarantined_by,
        "quarantine_reason": view.quarantine_reason,
        "clicks": counts.clicks,
        "views": counts.views,
        "unique_visitors": counts.unique_visitors,
        "conversions": counts.conversions,
        "revenue": str(counts.revenue),
        "created_at": time(view.created_at),
        "updated_at": time(view.updated_at),
    }


def _routing(view: LinkView, counts: LinkCounts) -> Json:
    variants = [
        {
            "label": variant.label,
            "url": variant.url,
            "weight": variant.weight,
            "clicks": counts.variants[variant.id].clicks,
            "conversions": counts.variants[variant.id].conversions,
            "check": _check(variant.check),
        }
        for variant in view.variants
    ]
    rules = [{"when": rule.when, "use": rule.use} for rule in view.rules]
    return {"mode": view.mode, "variants": variants, "rules": rules, "default": view.default}


def _check(check: CheckView | None) -> Json | None:
    if check is None:
        return None
    times = ("checked_at", "failing_since", "down_since")
    return asdict(check) | {name: time(getattr(check, name)) for name in times}


def stats(found: LinkStats) -> Json:
    """The statistics of a link; humans and the rest apart."""
    return {
        "range": _covered(found.covered),
        "totals": asdict(found.totals)
        | {"conversions": found.conversions, "revenue": str(found.revenue)},
        "series": [_point(point) for point in found.series],
        "top": {name: _top(top) for name, top in found.top.items()},
        "rest_by_reason": _top(found.rest_by_reason),
    }


def analytics(found: WorkspaceAnalytics) -> Json:
    """The analytics of a workspace."""
    return {
        "range": _covered(found.covered),
        "total_clicks": found.total_clicks,
        "views": found.views,
        "unique_visitors": found.unique_visitors,
        "conversions": found.conversions,
        "revenue": str(found.revenue),
        "revenue_by_currency": {
            currency: str(revenue) for currency, revenue in found.revenue_by_currency.items()
        },
        "top_links": [
            {
                "id": top.uid,
                "number": top.id,
                "slug": top.slug,
                "url": top.url,
                "clicks": top.clicks,
            }
            for top in found.top_links
        ],
        "series": [_point(point) for point in found.series],
    }


def click(view: ClickView) -> Json:
    """One visit. The numbers of rows and variants stay inside."""
    return {
        "at": time(view.at),
        "kind": view.kind,
        "reason": view.reason,
        "is_click": view.is_click,
        "is_view": view.is_view,
        "variant": view.variant,
        "country": view.country,
        "device": view.device,
        "browser": view.browser,
        "os": view.os,
        "language": view.language,
        "referrer": view.referrer,
        "net": view.net,
        "visitor": view.visitor,
        "utm": dict(view.utm),
    }


def event(view: EventView) -> Json:
    """An event, with the link that it is attributed to."""
    went_to = view.attribution
    return {
        "id": view.id,
        "visitor_id": view.visitor_id,
        "event_name": view.event_name,
        "revenue": None if view.revenue is None else str(view.revenue),
        "currency": view.currency,
        "name": view.name,
        "metadata": view.metadata,
        "event_id": view.event_id,
        "occurred_at": time(view.occurred_at),
        "created_at": time(view.created_at),
        "is_conversion": view.is_conversion,
        "attribution": went_to
        and {
            "link": went_to.link_uid,
            "slug": went_to.slug,
            "variant": went_to.variant,
            "run": went_to.run,
            "click_at": time(went_to.click_at),
        },
    }


def plan(given: Plan) -> Json:
    """A plan; null is unlimited."""
    return asdict(given)


def number(text: str) -> int:
    """A number of a path; 0, which nothing has, for what is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 19 else 0


def time(value: datetime | None) -> str | None:
    """A time as the contract writes it, or null."""
    return None if value is None else format_rfc3339(value)


def _covered(covered: Covered) -> Json:
    return {
        "since": time(covered.since),
        "until": time(covered.until),
        "days_since": time(covered.days_since),
        "days_until": time(covered.days_until),
        "bucket": covered.bucket,
        "timezone": covered.timezone,
    }


def _point(point: Point) -> Json:
    # By hand: a year has 365, and `asdict` copies each time that it comes upon.
    return {
        "start": time(point.start),
        "clicks": point.clicks,
        "views": point.views,
        "bots": point.bots,
        "previews": point.previews,
        "prefetches": point.prefetches,
    }


def _top(top: Top) -> Json:
    values = [
        {"value": found.value, "clicks": found.clicks, "rest": found.rest}
        | ({} if found.unique_visitors is None else {"unique_visitors": found.unique_visitors})
        for found in top.values
    ]
    return {"values": values, "other_clicks": top.other_clicks, "other_rest": top.other_rest}


def explanation(found: Explanation, imagined: Imagined) -> Json:
    """What a visitor would get."""
    visit, agent = imagined.visit, imagined.agent
    shares = [{"label": each.label, "weight": each.weight} for each in found.shares]
    return {
        "outcome": found.end,
        "status": found.status,
        "location": found.location or None,
        "variant": found.variant,
        "decided_by": found.by,
        "rule": None if found.rule is None else {"index": found.rule, "when": found.when},
        "shares": shares or None,
        "visitor": {
            "country": imagined.country or None,
            "device": agent.device or None,
            "os": agent.os or None,
            "browser": agent.browser or None,
            "language": visit.languages[0] if visit.languages else None,
            "kind": imagined.kind,
            "reason": imagined.reason or None,
        },
        "at": time(from_ms(visit.at_ms)),
    }
