"""What links, variants and exposures got equals a count over the events by hand."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klink.core import events
from klink.core.context import Context
from klink.core.events import EventView, NewEvent
from klink.core.links import LinkView
from klink.core.money import stored
from klink.core.principal import Principal
from klink.core.times import from_ms
from klink.db.connection import read, write
from klink.db.models import Click, Event, Exposure, LinkTotal, VariantTotal, VisitorClick
from klink.stats.counts import with_counts
from klink.stats.ranges import make
from klink.stats.reading import link_stats
from tests.core.clicked import BY_WEIGHT, CLICK, a_link, a_split, count, record
from tests.core.conftest import NOW, World

WINDOW = timedelta(days=30)
VISITORS = ("v_000000000000000a", "v_000000000000000b")
KNOWN = CLICK | 64 | 256
TABLES: tuple[Any, ...] = (Click, VisitorClick, Exposure, LinkTotal, VariantTotal, Event)


@dataclass(frozen=True)
class Clicked:
    """A click: on which of the three links, by whom, when."""

    link: int
    visitor: str
    at: datetime
    variant: str
    flags: int
    run: int


times = st.integers(0, 40).map(lambda days: NOW - timedelta(days=days))
clicks = st.builds(
    Clicked,
    link=st.sampled_from([0, 0, 0, 1, 2]),
    visitor=st.sampled_from(VISITORS),
    at=times,
    variant=st.sampled_from("ab"),
    flags=st.sampled_from([BY_WEIGHT, BY_WEIGHT, KNOWN, CLICK]),
    run=st.integers(1, 2),
)
happened = st.builds(
    NewEvent,
    visitor_id=st.sampled_from([*VISITORS, *VISITORS, "v_000000000000000c"]),
    event_name=st.sampled_from(["purchase", "look"]),
    revenue=st.none() | st.integers(0, 10**6).map(lambda amount: Decimal(amount).scaleb(-4)),
    currency=st.sampled_from([None, "USD", "EUR"]),
    event_id=st.none() | st.sampled_from(["1", "2"]),
    occurred_at=times,
)
batches = st.lists(
    st.lists(clicks, min_size=1, max_size=6, unique_by=lambda c: (c.link, c.visitor, c.at)),
    max_size=4,
)


@pytest.fixture
def ctx(world: World) -> Context:
    return replace(
        world.ctx, settings=replace(world.ctx.settings, conversion_names=frozenset({"purchase"}))
    )


@pytest.fixture
def three(ctx: Context, owner: Principal) -> list[LinkView]:
    """A link with a split, one that tracks conversions, and a plain one."""
    plain = a_link(ctx, owner, conversion_tracking=False)
    return [a_split(ctx, owner), a_link(ctx, owner), plain]


@given(batches=batches, news=st.lists(happened, max_size=12))
@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_totals_equal_a_count_by_hand(
    ctx: Context,
    owner: Principal,
    three: list[LinkView],
    batches: list[list[Clicked]],
    news: list[NewEvent],
) -> None:
    with write():
        for model in TABLES:
            model.delete().execute()
    for batch in batches:
        count([_record(three, each) for each in batch])
    views = [events.record(ctx, owner, new) for new in news]
    kept = [each for batch in batches for each in batch if _is_kept(each)]
    own = [view for view in views if not view.repeated]
    assert len(own) == Event.select().count()
    for view in views:
        check_link(three, kept, view)
    for link, counts in zip(three, with_counts(three), strict=True):
        mine = [view for view in own if view.link_uid == link.uid]
        assert (counts.conversions, counts.revenue) == sums(mine)
        ever = link_stats(ctx, owner, link, make(NOW, since=from_ms(0)))
        assert (ever.conversions, ever.revenue) == sums(mine)
        for variant in link.variants:
            of_variant = [view for view in mine if view.variant == variant.label]
            assert counts.variants[variant.id].conversions == sums(of_variant)[0]
    check_exposures(three, kept, own)


def _record(three: list[LinkView], each: Clicked) -> Any:
    link = three[each.link]
    variant = each.variant if link.variants else ""
    flags = each.flags if link.variants or each.flags != BY_WEIGHT else CLICK
    return record(link, each.at, each.visitor, variant=variant, flags=flags, run=each.run)


def _is_kept(each: Clicked) -> bool:
    return each.link != 2 or each.flags == KNOWN


def sums(views: list[EventView]) -> tuple[int, Decimal]:
    own = [view.revenue or 0 for view in views if view.currency == "USD"]
    return sum(view.is_conversion for view in views), Decimal(sum(own))


def check_link(three: list[LinkView], kept: list[Clicked], view: EventView) -> None:
    """The event went to its visitor's last click; one of those in the same millisecond."""
    led = [
        each
        for each in kept
        if each.visitor == view.visitor_id
        and view.occurred_at - WINDOW <= each.at <= view.occurred_at
    ]
    if not led:
        assert view.attribution is None
        return
    last = max(each.at for each in led)
    assert view.attribution is not None
    assert view.attribution.click_at == last
    found = (view.link_uid, view.variant, view.attribution.run)
    assert found in {
        (three[c.link].uid, c.variant if three[c.link].variants else None, c.run)
        for c in led
        if c.at == last
    }


def check_exposures(three: list[LinkView], kept: list[Clicked], own: list[EventView]) -> None:
    split = three[0]
    first: dict[tuple[int, str], datetime] = {}
    for each in kept:
        if each.link == 0 and each.flags == BY_WEIGHT:
            key = (each.run, each.visitor)
            first[key] = min(first.get(key, each.at), each.at)
    with read():
        found = {
            (row.run, row.visitor): (from_ms(row.at), row.converted, row.revenue)
            for row in Exposure.select()
        }
    expected = {}
    for (run, visitor), at in first.items():
        mine = [
            view
            for view in own
            if view.attribution
            and (view.link_uid, view.attribution.run, view.visitor_id) == (split.uid, run, visitor)
            and view.occurred_at >= at
        ]
        conversions, revenue = sums(mine)
        expected[run, visitor] = (at, int(conversions > 0), stored(revenue))
    assert found == expected
