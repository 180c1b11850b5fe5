"""The demo's clicks and conversions: drawn, and folded and recorded as klink does it."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from klink.clicks.batch import BatchFolder
from klink.clicks.journal_reader import Position
from klink.clicks.record import ClickRecord, Flag, Utm, encode
from klink.core import events
from klink.core.context import Context
from klink.core.events import NewEvent
from klink.core.links import LinkView
from klink.core.principal import Principal
from klink.core.times import from_ms, to_ms
from klink.db.connection import write
from scripts.benchmark.history import COUNTRIES, enricher
from scripts.benchmark.traffic import AGENTS
from scripts.pictures.demo_links import DAYS, Wanted

__all__ = ["Visited", "click_and_buy"]

_SEED = 41
_STREAM = "demo"
_BATCH = 20_000
_DAY_MS = 86_400_000

_PEOPLE_COUNTRIES = {
    "DE": 34, "US": 23, "FR": 9, "GB": 8, "AT": 5, "NL": 4, "ES": 3, "BR": 3, "IN": 3, "JP": 2,
    "PL": 2, "SE": 2, "ZA": 1, "AU": 1,
}  # fmt: skip
_LANGUAGES = {"DE": "de", "AT": "de", "FR": "fr", "ES": "es", "BR": "pt", "NL": "nl", "JP": "ja"}
_REFERRERS = {
    "": 30, "https://www.google.com": 22, "https://news.example.org": 9, "https://t.co": 8,
    "https://www.linkedin.com": 7, "https://blog.acme.example": 6, "https://www.reddit.com": 4,
    "android-app://com.google.android.gm": 3, "https://duckduckgo.com": 3,
}  # fmt: skip
_BOTS = (
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
    "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
    "curl/8.5.0",
)
_CAMPAIGNS: Sequence[Utm | None] = (
    None,
    None,
    None,
    ("newsletter", "email", "spring", None, None),
    ("instagram", "social", "spring", "story", None),
)
_SEEN = int(Flag.VIEW)
_FOLLOWED = int(Flag.VIEW | Flag.CLICK)
_TRIED = int(Flag.VIEW | Flag.CLICK | Flag.COOKIE | Flag.BY_WEIGHT)

_BUY = {"a": 0.100, "b": 0.132, "monthly": 0.061, "yearly": 0.066, "": 0.03}
"""How many of a link's visitors buy, by the variant that they got."""

DECIDED = timedelta(days=16)
"""So long ago the first experiment was decided; since then one variant gets all visitors."""


@dataclass(frozen=True)
class Visited:
    """A link of the demo as it is there."""

    wanted: Wanted
    link: LinkView


class _Sale(NamedTuple):
    at_ms: int
    visitor: str
    slug: str


def click_and_buy(
    ctx: Context, who: Principal, data_dir: Path, links: Sequence[Visited], a_day: int
) -> None:
    """Draw clicks of sixty days up to now, about so many a day, and what came of them."""
    draw = random.Random(_SEED)
    records: list[ClickRecord] = []
    sales: list[_Sale] = []
    for day in range(DAYS, -1, -1):
        begins = to_ms(ctx.now) // _DAY_MS * _DAY_MS - day * _DAY_MS
        weekday = from_ms(begins).weekday()
        many = a_day * (1.25 - 0.5 * day / DAYS) * draw.uniform(0.9, 1.1)
        many *= 0.72 if weekday >= 5 else 1
        _draw_day(draw, links, day, begins, int(many), records, sales)
    until = to_ms(ctx.now)
    records = sorted(each for each in records if each.at_ms < until)
    _fold(data_dir, records)
    _record(draw, ctx, who, [each for each in sales if each.at_ms < until - 3_600_000])


def _draw_day(
    draw: random.Random,
    links: Sequence[Visited],
    day: int,
    begins: int,
    many: int,
    records: list[ClickRecord],
    sales: list[_Sale],
) -> None:
    there = [each for each in links if each.wanted.left_off <= day < each.wanted.age]
    if not there:
        return
    chosen = draw.choices(there, [each.wanted.share for each in there], k=many)
    for each in chosen:
        person = draw.randrange(max(many * 3 // 4, 1))
        at_ms = begins + int(_DAY_MS * min(max(draw.gauss(0.58, 0.2), 0), 0.9999))
        click = _click(draw, each, person, at_ms, is_decided=day < DECIDED.days)
        records.append(click)
        if draw.random() < 0.09:
            bot = draw.choice(_BOTS)
            records.append(click._replace(user_agent=bot, visitor="", flags=_SEEN, referrer=""))
        label = next((v.label for v in each.link.variants if v.id == click.variant_id), "")
        if each.link.conversion_tracking and draw.random() < _BUY.get(label, _BUY[""]):
            later = draw.randrange(60_000, 3_600_000)
            sales.append(_Sale(at_ms + later, click.visitor, each.link.slug))


def _click(
    draw: random.Random, each: Visited, person: int, at_ms: int, *, is_decided: bool
) -> ClickRecord:
    own = random.Random(f"{at_ms // _DAY_MS} {person}")  # who they are, all day long
    country = own.choices(list(_PEOPLE_COUNTRIES), list(_PEOPLE_COUNTRIES.values()))[0]
    link, flags, variant = each.link, _FOLLOWED, 0
    if link.mode == "split":
        is_over = is_decided and link.slug == "spring"
        weights = [v.weight for v in link.variants]
        variant = link.variants[1].id if is_over else own.choices(link.variants, weights)[0].id
        flags = _FOLLOWED if is_over else _TRIED
    elif link.variants:
        german, french = country in ("DE", "AT"), country == "FR"
        variant = link.variants[1 if german else 2 if french else 0].id
    if link.type == "inpage" and draw.random() < 0.3:
        flags, variant = _SEEN, 0
    return ClickRecord(
        at_ms=at_ms,
        link_id=link.id,
        variant_id=variant,
        run=link.run,
        flags=flags,
        visitor=f"v_{own.getrandbits(64):016x}",
        net=f"60.{COUNTRIES.index(country)}.{person % 256}.0/24",
        country="",
        user_agent=own.choice(AGENTS),
        referrer=draw.choices(list(_REFERRERS), list(_REFERRERS.values()))[0],
        language=_LANGUAGES.get(country, "en"),
        utm=draw.choice(_CAMPAIGNS),
    )


def _fold(data_dir: Path, records: Sequence[ClickRecord]) -> None:
    folder = BatchFolder(
        enricher(data_dir), data_dir / "set-aside.jsonl", lambda: datetime.now(UTC)
    )
    for number, first in enumerate(range(0, len(records), _BATCH)):
        payload = b",".join(encode(each) for each in records[first : first + _BATCH])
        begin, end = (Position(_STREAM, 1, offset) for offset in (number, number + 1))
        folder.fold([payload], end, begin=begin)
    if folder.set_aside:
        raise RuntimeError(f"{folder.set_aside} clicks could not be folded")


def _record(draw: random.Random, ctx: Context, who: Principal, sales: Sequence[_Sale]) -> None:
    with write():
        for number, sale in enumerate(sorted(sales)):
            at = from_ms(sale.at_ms)
            name = "signup" if sale.slug == "app" else "purchase"
            price = Decimal(draw.choice((1900, 2900, 3900, 4900, 8900))) / 100
            events.record(
                replace(ctx, now=at),
                who,
                NewEvent(
                    visitor_id=sale.visitor,
                    event_name=name,
                    revenue=price if name == "purchase" else None,
                    name=f"Order {4100 + number}" if name == "purchase" else None,
                    event_id=f"order-{number}",
                    metadata={"basket": draw.randrange(1, 5)} if name == "purchase" else None,
                    occurred_at=at,
                ),
            )
