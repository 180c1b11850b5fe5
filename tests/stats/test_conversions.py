"""Conversions and revenue of a workspace: of all its events, attributed or not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from klink.core import events, links
from klink.core.context import Context
from klink.core.events import NewEvent
from klink.core.links import NewLink
from klink.core.principal import Principal
from klink.db.connection import write
from klink.db.models import Workspace
from klink.stats.conversions import MOST_NAMES, NamedEvents, by_name
from klink.stats.ranges import Range, last_days, make
from klink.stats.reading import workspace_analytics
from tests.stats.conftest import NOW
from tests.stats.visits import Visit, count

AT = datetime(2026, 11, 20, 8, tzinfo=UTC)
EVER = datetime(1970, 1, 1, tzinfo=UTC)


@pytest.fixture
def counting(ctx: Context) -> Context:
    return replace(ctx, settings=replace(ctx.settings, conversion_names=frozenset({"purchase"})))


def record(
    ctx: Context, who: Principal, name: str, revenue: str | None = None, at: datetime = AT
) -> None:
    amount = None if revenue is None else Decimal(revenue)
    new = NewEvent(visitor_id="v", event_name=name, revenue=amount, occurred_at=at)
    events.record(ctx, who, new)


def figures(ctx: Context, who: Principal, over: Range) -> tuple[int, str]:
    found = workspace_analytics(ctx, who, over)
    return found.conversions, str(found.revenue)


def test_a_workspace_without_events_has_none(counting: Context, owner: Principal) -> None:
    assert figures(counting, owner, make(NOW)) == (0, "0.00")


def test_conversions_are_counted_and_revenue_is_that_of_all_events(
    counting: Context, owner: Principal, stranger: Principal
) -> None:
    record(counting, owner, "purchase", "99.99")
    record(counting, owner, "purchase")
    record(counting, owner, "refill", "0.0101")
    record(counting, stranger, "purchase", "7")
    assert figures(counting, owner, make(NOW)) == (2, "100.0001")
    assert figures(counting, stranger, make(NOW)) == (1, "7.00")


def test_what_counts_is_what_counted_when_it_came(
    ctx: Context, counting: Context, owner: Principal
) -> None:
    record(ctx, owner, "purchase")
    record(counting, owner, "purchase")
    assert figures(ctx, owner, make(NOW)) == (1, "0.00")


def test_the_range_is_whole_quarter_hours(counting: Context, owner: Principal) -> None:
    for at in (AT - timedelta(milliseconds=1), AT, AT + timedelta(minutes=15)):
        record(counting, owner, "purchase", "1", at)
    over = make(NOW, since=AT + timedelta(minutes=1), until=AT + timedelta(minutes=14))
    assert figures(counting, owner, over) == (1, "1.00")


def test_the_last_days_hold_what_happens_now(counting: Context, owner: Principal) -> None:
    record(counting, owner, "purchase", "1", NOW)
    record(counting, owner, "purchase", "2", NOW - timedelta(days=8))
    assert figures(counting, owner, last_days(NOW, 7)) == (1, "1.00")
    assert figures(counting, owner, last_days(NOW, 9)) == (2, "3.00")


def test_all_time_holds_events_from_before_the_first_visit(
    counting: Context, owner: Principal
) -> None:
    link = links.create(counting, owner, NewLink(url="https://example.com/")).link
    count([Visit(AT, link.id)])
    record(counting, owner, "purchase", "1", EVER)
    record(counting, owner, "purchase", "1", AT)
    assert figures(counting, owner, make(NOW, since=EVER)) == (2, "2.00")


def test_other_currencies_are_no_part_of_the_one_figure(
    counting: Context, owner: Principal
) -> None:
    record(counting, owner, "purchase", "5")
    with write():
        Workspace.update(currency="EUR").where(Workspace.id == owner.workspace_id).execute()
    record(counting, owner, "purchase", "3")
    assert figures(counting, owner, make(NOW)) == (2, "3.00")


def test_a_thousand_of_the_largest_amounts_are_exact(counting: Context, owner: Principal) -> None:
    with write():
        for _ in range(1_000):
            record(counting, owner, "purchase", "1000000000000")
        record(counting, owner, "purchase", "0.0001")
    assert figures(counting, owner, make(NOW)) == (1_001, "1000000000000000.0001")


# --- by name ----------------------------------------------------------------------------


def test_events_are_told_by_name_the_most_frequent_first(
    counting: Context, owner: Principal, stranger: Principal
) -> None:
    for amount in ("1.50", "2", None):
        record(counting, owner, "purchase", amount)
    record(counting, owner, "signup")
    record(counting, owner, "refill", "0.0101")
    record(counting, stranger, "purchase", "7")
    record(counting, owner, "purchase", "9", at=AT - timedelta(days=60))
    assert by_name(owner.workspace_id, make(NOW)) == [
        NamedEvents("purchase", 3, 3, 1, Decimal("3.50")),
        NamedEvents("refill", 1, 0, 1, Decimal("0.0101")),
        NamedEvents("signup", 1, 0, 1, Decimal("0.00")),
    ]


def test_of_very_many_names_the_most_frequent_are_told(counting: Context, owner: Principal) -> None:
    for number in range(MOST_NAMES + 1):
        record(counting, owner, f"name-{number:03}")
    record(counting, owner, "name-050")
    found = by_name(owner.workspace_id, make(NOW))
    assert len(found) == MOST_NAMES
    assert (found[0].name, found[0].events) == ("name-050", 2)
