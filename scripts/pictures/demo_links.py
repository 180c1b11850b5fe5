"""The demo's links: of every kind and in every state, as a small shop would have them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import cycle

from klink.core.links import NewLink, NewRule, NewVariant, Utm

__all__ = ["DAYS", "Wanted", "wanted"]

DAYS = 60
"""So long ago the first links were made."""

_SHOP = "https://acme.example"


@dataclass(frozen=True)
class Wanted:
    """A link of the demo.

    :ivar age: days ago that it was made.
    :ivar share: its part of all clicks, in parts of whatever the others have.
    :ivar left_off: days ago that its last click came.
    """

    new: NewLink
    age: int = DAYS
    share: float = 1.0
    left_off: int = 0


def wanted(now: datetime) -> list[Wanted]:
    """All links; those with a part of their own first."""
    return [*_routed(), *_guarded(now), *_plain()]


def _routed() -> list[Wanted]:
    return [
        Wanted(
            NewLink(
                slug="spring",
                title="Spring sale headline",
                description="Which headline sells more, the promise or the price?",
                tags=("spring", "shop"),
                variants=(
                    NewVariant("a", f"{_SHOP}/spring-sale?headline=promise", 50),
                    NewVariant("b", f"{_SHOP}/spring-sale?headline=price", 50),
                ),
                auto_winner=True,
                conversion_tracking=True,
                utm=Utm("newsletter", "email", "spring"),
            ),
            age=47,
            share=17,
        ),
        Wanted(
            NewLink(
                slug="pricing-test",
                title="Pricing page, yearly first",
                tags=("shop",),
                variants=(
                    NewVariant("monthly", f"{_SHOP}/pricing?first=month", 60),
                    NewVariant("yearly", f"{_SHOP}/pricing?first=year", 40),
                ),
                auto_winner=True,
                winner_threshold=500,
                conversion_tracking=True,
            ),
            age=12,
            share=8,
        ),
        Wanted(
            NewLink(
                slug="store",
                title="Regional stores",
                tags=("shop",),
                variants=(
                    NewVariant("world", f"{_SHOP}/store", 100),
                    NewVariant("de", "https://acme.example/de/laden", 0),
                    NewVariant("fr", "https://acme.example/fr/boutique", 0),
                ),
                rules=(
                    NewRule({"country": ["DE", "AT", "CH"]}, "de"),
                    NewRule({"country": ["FR", "BE"]}, "fr"),
                    NewRule({"language": ["de"]}, "de"),
                    NewRule({"language": ["fr"]}, "fr"),
                ),
                default="world",
                conversion_tracking=True,
            ),
            share=12,
        ),
        Wanted(
            NewLink(
                slug="app",
                title="Get the app",
                tags=("app",),
                variants=(
                    NewVariant("web", "https://app.acme.example/", 100),
                    NewVariant("ios", "https://apps.example.com/app/id1234567890", 0),
                    NewVariant("android", "https://play.example.com/store/apps?id=acme", 0),
                ),
                rules=(
                    NewRule({"os": ["iOS"]}, "ios"),
                    NewRule({"os": ["Android"]}, "android"),
                ),
                default="web",
                conversion_tracking=True,
            ),
            share=9,
        ),
    ]


def _guarded(now: datetime) -> list[Wanted]:
    return [
        Wanted(
            NewLink(
                slug="xYz5678",
                url="https://downloads.example.com/example-app-2.0.zip",
                title="Download: Example App v2.0",
                description="This file has been verified safe by our team.",
                type="inpage",
                post_id="418",
                site_url="https://blog.acme.example/example-app",
                tags=("app",),
            ),
            share=2,
        ),
        Wanted(
            NewLink(
                slug="press-kit",
                url="https://acme.example/press/kit.zip",
                title="Press kit",
                password="for the press only",
                tags=("press",),
            ),
            share=0.5,
        ),
        Wanted(
            NewLink(
                slug="winter",
                url="https://acme.example/winter-sale",
                title="Winter sale",
                tags=("shop",),
                expires_at=now - timedelta(days=31),
                expired_url="https://acme.example/sales-are-over",
            ),
            share=6,
            left_off=31,
        ),
        Wanted(
            NewLink(
                slug="launch",
                url="https://acme.example/launch",
                title="Launch day",
                starts_at=now + timedelta(days=6, hours=3),
            ),
            age=3,
            share=0,
        ),
        Wanted(
            NewLink(
                slug="first-hundred",
                url="https://acme.example/early-birds",
                title="Early birds",
                max_clicks=100_000,
                tags=("shop",),
            ),
            share=2,
        ),
        Wanted(NewLink(slug="parcel-fee", url="https://parcel.example.net/pay"), age=2, share=0.2),
        Wanted(
            NewLink(slug="old-menu", url="https://acme.example/menu.pdf", is_active=False),
            share=0.5,
            left_off=20,
        ),
        Wanted(
            NewLink(
                slug="uptime",
                url="https://status.acme.example/",
                title="Service status",
                failover_url="https://acme.example/status.html",
            ),
            share=1,
        ),
        Wanted(
            NewLink(slug="flyer-2019", url="https://acme.example/flyer", title="The old flyer"),
            share=0,
        ),
    ]


_PLAIN = (
    ("podcast-41", "Episode 41: doing less", "podcast", "https://radio.example.org/acme/41", 5),
    ("podcast-40", "Episode 40: how we ship", "podcast", "https://radio.example.org/acme/40", 3),
    ("podcast-39", "Episode 39: letters", "podcast", "https://radio.example.org/acme/39", 1.6),
    ("jobs", "We are hiring", "people", "https://jobs.example.com/acme", 2.4),
    ("guide", "Documentation", "product", "https://docs.acme.example/start", 3.8),
    ("changelog", "What is new", "product", "https://docs.acme.example/changelog", 1.5),
    ("demo", "Book a demo", "product", "https://calendar.example.com/acme/demo", 2.1),
    ("webinar", "Webinar: links that last", "events", "https://events.example.com/acme/5", 1.9),
    ("meetup", "Meet-up in Lisbon", "events", "https://events.example.com/acme/lisbon", 0.9),
    ("poster", "Poster at the station", "print", f"{_SHOP}/hello?from=poster", 1.1),
    ("card", "Business card", "print", f"{_SHOP}/team/ada", 0.6),
    ("flyer", "Flyer, spring fair", "print", f"{_SHOP}/fair", 0.8),
    ("insta", "Instagram bio", "social", "https://photos.example.com/acme", 3.1),
    ("video", "A tour in two minutes", "social", "https://video.example.com/watch?v=a1b2", 2.8),
    ("chat", "Community chat", "social", "https://chat.example.org/acme", 1.2),
    ("letter-12", "Newsletter 12", "newsletter", f"{_SHOP}/letters/12", 1.7),
    ("letter-11", "Newsletter 11", "newsletter", f"{_SHOP}/letters/11", 1.0),
    ("letter-10", "Newsletter 10", "newsletter", f"{_SHOP}/letters/10", 0.7),
    ("terms-2026", None, "", f"{_SHOP}/terms", 0.2),
    ("imprint-2026", None, "", f"{_SHOP}/privacy", 0.2),
    ("hello", "Help and contact", "people", "https://help.acme.example/", 1.3),
    ("survey", "Three questions", "newsletter", "https://forms.example.com/acme-3", 0.9),
    ("gift", "Gift cards", "shop", f"{_SHOP}/gift-cards?size=all&wrap=paper&note=yes", 1.0),
    ("returns", "Returns", "shop", f"{_SHOP}/returns", 0.5),
    ("partners", "Partner programme", "people", f"{_SHOP}/partners", 0.6),
    ("reference", "API reference", "product", "https://docs.acme.example/api", 0.8),
    ("slides", "Slides of the talk", "events", "https://slides.example.com/acme/lisbon", 0.4),
)


def _plain() -> list[Wanted]:
    ages = cycle((60, 45, 52, 30, 18, 60, 9))
    return [
        Wanted(
            NewLink(slug=slug, title=title, url=url, tags=(tag,) if tag else ()),
            age=age,
            share=share,
        )
        for (slug, title, tag, url, share), age in zip(_PLAIN, ages, strict=False)
    ]
