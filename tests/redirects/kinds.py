"""One link of every kind, made through the core."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from klink.core import bio, domains, links
from klink.core.links import NewRule, NewVariant, Utm
from klink.db import connection
from klink.db.models import Link, Variant
from tests.redirects.site import NOON, Site

__all__ = ["OTHER_HOST", "SLUGS", "UNVERIFIED_HOST", "make_one_of_each"]

OTHER_HOST = "links.example.com"
"""A domain of the owner's, with links of its own, that sends on who asks for none."""
UNVERIFIED_HOST = "waiting.example.com"

_HOUR = timedelta(hours=1)
_LATER = NOON + timedelta(days=30)
_OVER = "https://example.com/over"
_MIRROR = "https://mirror.example.com/?m=1"

_VARIANTS = ("us", "phone", "german", "mail", "rest")
_RULES: tuple[tuple[dict[str, Any], str], ...] = (  # Any: whatever a rule may ask
    ({"country": ["US"]}, "us"),
    ({"device": ["mobile"]}, "phone"),
    ({"language": ["de"]}, "german"),
    ({"query": {"utm_source": "mail"}}, "mail"),
    ({"weekday": [6], "hours": [14, 16], "timezone": "Europe/Vienna"}, "split"),
)

_FIELDS: dict[str, dict[str, Any]] = {  # Any: what NewLink takes
    "plain": {},
    "x": {},
    "MiXed-Case_1": {},
    "l" * 64: {},
    "301": {"redirect_status": 301},
    "307": {"redirect_status": 307},
    "308": {"redirect_status": 308},
    "forward": {"url": "https://example.com/?a=1#top", "forward_query": True},
    "utm": {
        "url": "https://example.com/?a=1",
        "utm": Utm(source="mail", campaign="spring sale"),
        "forward_query": True,
    },
    "tracked": {"conversion_tracking": True},
    "everything": {
        "conversion_tracking": True,
        "forward_query": True,
        "utm": Utm(medium="post"),
    },
    "unicode": {"url": "https://exämple.com/grüße?q=ü#ä"},
    "long": {"url": "https://example.com/" + "a" * 1900},
    "limited": {"max_clicks": 1_000_000},
    "used-up": {"max_clicks": 1},
    "used-up-on": {"max_clicks": 1, "expired_url": _OVER},
    "secret": {"password": "open sesame"},
    "page": {"type": "inpage"},
    "expired": {"expires_at": NOON + _HOUR},
    "moved": {"expires_at": NOON + _HOUR, "expired_url": _OVER},
    "lasting": {"expires_at": _LATER},
    "soon": {"starts_at": _LATER},
    "begun": {"starts_at": NOON + _HOUR},
    "paused": {"is_active": False},
    "down": {"failover_url": _MIRROR, "forward_query": True},
    "down-without": {},
    "up": {"failover_url": _MIRROR},
}

SLUGS = (*_FIELDS, "split", "split-all", "split-down", "rules", "trashed", "quarantined")
"""All that lead somewhere, or once did."""


def _make_bio_pages(site: Site) -> None:
    """One that is published, and one that is not."""
    for name in ("acme", "draft"):
        bio.create(site.ctx, site.owner, bio.NewBioPage(name=name))
    plain = links.uid_by_slug(site.owner, "plain", scope="read")
    bio.add(site.ctx, site.owner, "acme", plain)
    bio.change(site.ctx, site.owner, "acme", bio.BioPatch(is_published=True))


def make_one_of_each(site: Site) -> None:
    """Make the links, and move the site's clock by three hours, so that some are over."""
    for slug, fields in _FIELDS.items():
        site.link(slug, **fields)
    site.split("split")
    site.split("split-all", conversion_tracking=True, forward_query=True)
    half = site.split("split-down", failover_url=_MIRROR).variants[0].id
    with connection.write():
        down = Link.slug.in_(["down", "down-without"])
        Link.update(down_at=site.now).where(down).execute()
        Variant.update(down_at=site.now).where(Variant.id == half).execute()
    site.link(
        "rules",
        variants=tuple(NewVariant(each, f"https://example.com/{each}", 20) for each in _VARIANTS),
        rules=tuple(NewRule(when, use) for when, use in _RULES),
        mode="rules",
        default="rest",
    )
    links.trash(site.ctx, site.owner, site.link("trashed").uid)
    quarantined = site.link("quarantined")
    with connection.write():
        Link.update(quarantined_at=site.now).where(Link.id == quarantined.id).execute()
    site.domain(OTHER_HOST, root_url="https://example.com/", not_found_url=f"{_OVER}?lost")
    domains.claim(site.ctx, site.owner, UNVERIFIED_HOST)
    site.link("plain", domain=OTHER_HOST, url="https://example.com/of-the-other")
    _make_bio_pages(site)
    site.later(hours=3)
    for slug in ("used-up", "used-up-on"):
        found = Link.get(Link.slug == slug)
        with connection.write():
            assert links.take_use(found.id, 1)
