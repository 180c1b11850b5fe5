"""To which link, variant and visitor an event goes, and what they get by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from klink.core import events, links, workspaces
from klink.core.context import Context
from klink.core.errors import ValidationFailed
from klink.core.events import EventView, NewEvent
from klink.core.links import LinkPatch, LinkView, NewVariant
from klink.core.principal import Principal
from klink.db.connection import read, write
from klink.db.models import Event, Exposure, VisitorClick, Workspace
from klink.stats.counts import LinkCounts, with_counts
from klink.stats.ranges import make
from klink.stats.reading import link_stats, workspace_analytics
from tests.core.clicked import BOT, BY_WEIGHT, CLICK, VISITOR, a_link, a_split, click, count, record
from tests.core.conftest import NOW, World

MINUTE = timedelta(minutes=1)
WINDOW = timedelta(days=30)
MS = timedelta(milliseconds=1)
KNOWN, PRIVATE, COOKIE = 256, 32, 64


@pytest.fixture
def ctx(world: World) -> Context:
    return replace(
        world.ctx, settings=replace(world.ctx.settings, conversion_names=frozenset({"purchase"}))
    )


def happens(
    ctx: Context, who: Principal, visitor: str = VISITOR, at: datetime | None = None, **fields: Any
) -> EventView:
    given: dict[str, Any] = {"event_name": "purchase"} | fields
    return events.record(ctx, who, NewEvent(visitor_id=visitor, occurred_at=at, **given))


def counts(link: LinkView) -> LinkCounts:
    return with_counts([link])[0]


def exposures(*columns: str) -> list[tuple[Any, ...]]:
    with read():
        query: Any = Exposure.select(*(getattr(Exposure, name) for name in columns))
        return sorted(query.tuples())


def test_an_event_goes_to_the_visitors_last_click(ctx: Context, owner: Principal) -> None:
    first, second = a_link(ctx, owner), a_link(ctx, owner)
    click(second, NOW - 3 * MINUTE)
    click(first, NOW - 2 * MINUTE)
    click(second, NOW - 1 * MINUTE, visitor="v_fedcba9876543210")
    event = happens(ctx, owner, revenue=Decimal("9.99"))
    assert (event.link_uid, event.slug, event.variant) == (first.uid, first.slug, None)
    assert event.attribution is not None
    assert (event.attribution.run, event.attribution.click_at) == (1, NOW - 2 * MINUTE)
    assert (counts(first).conversions, str(counts(first).revenue)) == (1, "9.99")
    assert (counts(second).conversions, str(counts(second).revenue)) == (0, "0.00")


def test_a_click_after_the_event_is_not_what_led_to_it(ctx: Context, owner: Principal) -> None:
    before, after = a_link(ctx, owner), a_link(ctx, owner)
    click(before, NOW - 9 * MINUTE)
    click(after, NOW - 2 * MINUTE)
    assert happens(ctx, owner, at=NOW - 5 * MINUTE).link_uid == before.uid
    assert happens(ctx, owner, at=NOW - 2 * MINUTE).link_uid == after.uid
    assert happens(ctx, owner, at=NOW - 10 * MINUTE).link_uid is None


def test_a_click_is_remembered_as_long_as_the_window(ctx: Context, owner: Principal) -> None:
    link = a_link(ctx, owner)
    click(link, NOW - WINDOW)
    assert happens(ctx, owner).link_uid == link.uid
    assert happens(replace(ctx, now=NOW + MS), owner).link_uid is None
    short = replace(ctx.settings, attribution_window=timedelta(days=1))
    assert happens(replace(ctx, settings=short), owner).link_uid is None


def test_other_workspaces_visitors_are_unknown(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    link = a_link(ctx, owner)
    click(link, NOW)
    assert happens(ctx, stranger).link_uid is None
    assert counts(link).conversions == 0


@pytest.mark.parametrize(
    "visit",
    [
        {"visitor": "", "flags": CLICK | PRIVATE},
        {"flags": CLICK | KNOWN, "user_agent": BOT},
        {"flags": 1 | KNOWN},  # a view that was not forwarded
    ],
)
def test_visits_without_an_id_bots_and_views_lead_to_nothing(
    ctx: Context, owner: Principal, visit: dict[str, Any]
) -> None:
    click(a_link(ctx, owner), NOW, **visit)
    assert happens(ctx, owner).attribution is None
    assert VisitorClick.select().count() == 0


def test_a_plain_link_is_asked_for_only_by_visitors_with_an_id(
    ctx: Context, owner: Principal
) -> None:
    plain = a_link(ctx, owner, conversion_tracking=False)
    click(plain, NOW)
    assert happens(ctx, owner).link_uid is None
    click(plain, NOW, flags=CLICK | COOKIE | KNOWN)
    assert happens(ctx, owner).link_uid == plain.uid


@pytest.mark.parametrize("visitor", ["v_ffffffffffffffff", "no id at all", "v_", "'; --"])
def test_an_unknown_visitors_event_is_kept_unattributed(
    ctx: Context, owner: Principal, visitor: str
) -> None:
    event = happens(ctx, owner, visitor, revenue=Decimal(1))
    assert (event.attribution, event.link_uid, event.is_conversion) == (None, None, True)
    found = workspace_analytics(ctx, owner, make(NOW))
    assert (found.conversions, str(found.revenue)) == (1, "1.00")


def test_the_variant_and_the_visitors_exposure_get_it_too(ctx: Context, owner: Principal) -> None:
    link = a_split(ctx, owner)
    click(link, NOW - 2 * MINUTE, variant="b", flags=BY_WEIGHT)
    click(link, NOW - 2 * MINUTE, "v_fedcba9876543210", variant="a", flags=BY_WEIGHT)
    for name, revenue in (("purchase", "2"), ("purchase", "0.5"), ("refill", "0.25")):
        assert happens(ctx, owner, event_name=name, revenue=Decimal(revenue)).variant == "b"
    found = counts(link)
    assert (found.conversions, str(found.revenue)) == (2, "2.75")
    by_label = {each.label: found.variants[each.id].conversions for each in link.variants}
    assert by_label == {"a": 0, "b": 2}
    ids = {each.label: each.id for each in link.variants}
    assert exposures("variant_id", "converted", "revenue") == [
        (ids["a"], 0, 0), (ids["b"], 1, 27_500),
    ]  # fmt: skip


def test_the_first_click_by_weight_is_the_exposure_whatever_is_counted_first(
    ctx: Context, owner: Principal
) -> None:
    link = a_split(ctx, owner)
    count([record(link, NOW, variant="b", flags=BY_WEIGHT), record(link, NOW, variant="a")])
    count([record(link, NOW - MINUTE, variant="a", flags=BY_WEIGHT)])
    count([record(link, NOW + MINUTE, variant="b", flags=BY_WEIGHT)])
    (a, _) = link.variants
    at_ms = int((NOW - MINUTE).timestamp() * 1000)
    assert exposures("variant_id", "at") == [(a.id, at_ms)]


def test_each_run_of_an_experiment_has_its_own_exposures(ctx: Context, owner: Principal) -> None:
    link = a_split(ctx, owner)
    click(link, NOW - 2 * MINUTE, variant="a", flags=BY_WEIGHT, run=1)
    click(link, NOW - 1 * MINUTE, variant="b", flags=BY_WEIGHT, run=2)
    assert happens(ctx, owner).variant == "b"
    assert exposures("run", "converted") == [(1, 0), (2, 1)]


def test_what_happened_before_an_exposure_is_none_of_its(ctx: Context, owner: Principal) -> None:
    link = a_split(ctx, owner)
    click(link, NOW - 9 * MINUTE, variant="a")  # by a rule
    click(link, NOW - 2 * MINUTE, variant="b", flags=BY_WEIGHT)
    assert happens(ctx, owner, at=NOW - 5 * MINUTE).variant == "a"
    assert exposures("converted") == [(0,)]


def test_a_variant_that_is_gone_takes_its_label_along(ctx: Context, owner: Principal) -> None:
    link = a_split(ctx, owner)
    click(link, NOW - 2 * MINUTE, variant="b", flags=BY_WEIGHT)
    others = tuple(NewVariant(label, f"https://{label}.example/", 50) for label in "ac")
    links.update(ctx, owner, link.uid, LinkPatch(variants=others))
    event = happens(ctx, owner)
    assert (event.link_uid, event.variant) == (link.uid, None)
    assert counts(links.get(ctx, owner, link.uid)).conversions == 1


def test_a_link_in_the_trash_gets_its_events_still(ctx: Context, owner: Principal) -> None:
    link = a_link(ctx, owner)
    click(link, NOW)
    links.trash(ctx, owner, link.uid)
    assert happens(ctx, owner).link_uid == link.uid


def test_a_purged_link_gets_none_and_the_one_before_it_does(ctx: Context, owner: Principal) -> None:
    before, doomed = a_link(ctx, owner), a_split(ctx, owner)
    click(before, NOW - 2 * MINUTE)
    click(doomed, NOW - 1 * MINUTE, variant="a", flags=BY_WEIGHT)
    event = happens(ctx, owner, revenue=Decimal(5))
    assert event.link_uid == doomed.uid
    links.purge(ctx, owner, doomed.uid)
    assert happens(ctx, owner).link_uid == before.uid
    assert sum(links.sweep(NOW + 2 * MINUTE)) > 0
    assert exposures("visitor") == []
    assert [row.link_id for row in VisitorClick.select()] == [before.id]
    row = Event.get_by_id(event.id)
    assert (row.link_id, row.variant_id, row.run, row.click_at) == (None, None, None, None)
    assert str(workspace_analytics(ctx, owner, make(NOW + MS)).revenue) == "5.00"


def test_many_visitors_of_a_purged_link_go_by_chunks(ctx: Context, owner: Principal) -> None:
    link = a_split(ctx, owner)
    count(
        [
            record(link, NOW, f"v_{n:016d}", variant="a", flags=BY_WEIGHT)
            for n in range(2_500)
        ]
    )  # fmt: skip
    assert len(exposures("visitor")) == VisitorClick.select().count() == 2_500
    links.purge(ctx, owner, link.uid)
    assert max(links.sweep(NOW + 2 * MINUTE)) <= 1_000
    assert len(exposures("visitor")) == VisitorClick.select().count() == 0


def test_revenue_in_another_currency_is_no_part_of_the_one_figure(
    ctx: Context, owner: Principal
) -> None:
    link = a_split(ctx, owner)
    click(link, NOW - MINUTE, variant="a", flags=BY_WEIGHT)
    for currency in (None, "USD", "EUR", "JPY"):
        event = happens(ctx, owner, revenue=Decimal("1.5"), currency=currency)
        assert event.currency == (currency or "USD")
    assert (counts(link).conversions, str(counts(link).revenue)) == (4, "3.00")
    assert exposures("converted", "revenue") == [(1, 30_000)]
    of_link = link_stats(ctx, owner, link, make(NOW))
    assert (of_link.conversions, str(of_link.revenue)) == (4, "3.00")
    found = workspace_analytics(ctx, owner, make(NOW)).revenue_by_currency
    assert found == {"USD": Decimal(3), "EUR": Decimal("1.5"), "JPY": Decimal("1.5")}


@pytest.mark.parametrize("currency", ["", "usd", "US", "USDT", "U$D", "ÄÖÜ", "USD\n", "\0\0\0"])
def test_a_currency_is_three_capitals(ctx: Context, owner: Principal, currency: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        happens(ctx, owner, revenue=Decimal(1), currency=currency)
    assert list(caught.value.errors) == ["currency"]
    assert Event.select().count() == 0


def test_the_stats_of_a_link_have_the_events_of_their_time(ctx: Context, owner: Principal) -> None:
    link, other = a_link(ctx, owner), a_link(ctx, owner)
    click(link, NOW - timedelta(days=3))
    for days, revenue in ((2, 1), (1, 2), (0, 4)):
        happens(ctx, owner, at=NOW - timedelta(days=days), revenue=Decimal(revenue))
    happens(ctx, owner, "v_unknown", revenue=Decimal(8))
    over = make(NOW, since=NOW - timedelta(days=1, hours=1), until=NOW - timedelta(hours=1))
    found = link_stats(ctx, owner, link, over)
    assert (found.conversions, str(found.revenue)) == (1, "2.00")
    ever = link_stats(ctx, owner, link, make(NOW, since=datetime.fromtimestamp(0, NOW.tzinfo)))
    assert (ever.conversions, str(ever.revenue)) == (3, "7.00")
    assert link_stats(ctx, owner, other, make(NOW)).conversions == 0


def test_sums_that_no_database_can_hold_stay_at_the_most(ctx: Context, owner: Principal) -> None:
    link = a_link(ctx, owner)
    click(link, NOW - MINUTE)
    with write():
        for _ in range(925):
            happens(ctx, owner, revenue=Decimal(10**12))
    assert str(counts(link).revenue) == "922337203685477.5807"
    assert counts(link).conversions == 925
    assert str(link_stats(ctx, owner, link, make(NOW)).revenue) == "925000000000000.00"


def test_what_is_a_conversion_is_the_workspaces_to_say(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    workspaces.set_conversion_names(ctx, owner.workspace_id, ["order"])
    assert happens(ctx, owner, event_name="order").is_conversion
    assert not happens(ctx, owner).is_conversion
    assert happens(ctx, stranger).is_conversion
    workspaces.set_conversion_names(ctx, owner.workspace_id, [])
    assert not happens(ctx, owner, event_name="order").is_conversion
    workspaces.set_conversion_names(ctx, owner.workspace_id, None)
    assert happens(ctx, owner).is_conversion


def test_a_workspace_may_have_another_currency(ctx: Context, owner: Principal) -> None:
    link = a_link(ctx, owner)
    click(link, NOW - MINUTE)
    with write():
        Workspace.update(currency="EUR").where(Workspace.id == owner.workspace_id).execute()
    happens(ctx, owner, revenue=Decimal(1))
    happens(ctx, owner, revenue=Decimal(2), currency="USD")
    assert str(counts(link).revenue) == "1.00"
