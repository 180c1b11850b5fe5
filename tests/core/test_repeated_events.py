"""Events that come again: by their id from servers, by visitor, name and day from browsers."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from klink.core import events, workspaces
from klink.core.context import Context
from klink.core.errors import NotFound, RateLimited, ValidationFailed
from klink.core.events import EventView, NewEvent
from klink.core.principal import Principal
from klink.db import connection
from klink.db.connection import write
from klink.db.models import Domain, Event, Exposure
from klink.stats.counts import with_counts
from tests.core.clicked import BY_WEIGHT, VISITOR, a_link, a_split, click
from tests.core.conftest import NOW, World

MINUTE = timedelta(minutes=1)
OTHER = "v_fedcba9876543210"


@pytest.fixture
def ctx(world: World) -> Context:
    return replace(
        world.ctx, settings=replace(world.ctx.settings, conversion_names=frozenset({"purchase"}))
    )


def at_once(many: int, work: Callable[[int], EventView]) -> list[EventView]:
    """What ``work`` gives to so many threads that begin together."""
    start = threading.Barrier(many)

    def run(i: int) -> EventView:
        start.wait()
        try:
            return work(i)
        finally:
            connection.close_thread()

    with ThreadPoolExecutor(many) as several:
        return list(several.map(run, range(many)))


# --- From servers


def bought(ctx: Context, who: Principal, event_id: str | None, **fields: Any) -> EventView:
    given: dict[str, Any] = {"visitor_id": VISITOR, "event_name": "purchase"} | fields
    given = {"revenue": Decimal(2)} | given
    return events.record(ctx, who, NewEvent(event_id=event_id, **given))


def test_a_repeat_gives_the_first_event_and_counts_nothing(ctx: Context, owner: Principal) -> None:
    link = a_link(ctx, owner)
    click(link, NOW - MINUTE)
    first = bought(ctx, owner, "order 17")
    assert (first.repeated, first.event_id) == (False, "order 17")
    again = bought(replace(ctx, now=NOW + MINUTE), owner, "order 17", event_name="other")
    assert again == replace(first, repeated=True)
    assert with_counts([link])[0].conversions == 1
    assert Event.select().count() == 1


def test_ids_are_a_workspaces_own_and_none_is_no_id(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    found = [bought(ctx, owner, "1"), bought(ctx, stranger, "1"), bought(ctx, owner, None)]
    found.append(bought(ctx, owner, None))
    assert len({event.id for event in found}) == 4
    assert not any(event.repeated for event in found)


@pytest.mark.parametrize("event_id", ["", "x" * 256, "\0", "\ud800", "a\nb"])
def test_an_id_is_a_printable_text(ctx: Context, owner: Principal, event_id: str) -> None:
    with pytest.raises(ValidationFailed) as caught:
        bought(ctx, owner, event_id)
    assert list(caught.value.errors) == ["event_id"]
    assert Event.select().count() == 0


def test_of_32_at_once_one_is_recorded(ctx: Context, owner: Principal) -> None:
    link = a_split(ctx, owner)
    click(link, NOW - MINUTE, variant="a", flags=BY_WEIGHT)
    found = at_once(32, lambda _: bought(ctx, owner, "order 17"))
    assert sum(not event.repeated for event in found) == 1
    assert len({event.id for event in found}) == 1
    assert Event.select().count() == 1
    assert (with_counts([link])[0].conversions, Exposure.get().revenue) == (1, 20_000)


def test_of_32_different_ones_at_once_all_are_counted(ctx: Context, owner: Principal) -> None:
    link = a_split(ctx, owner)
    click(link, NOW - MINUTE, variant="a", flags=BY_WEIGHT)
    found = at_once(32, lambda i: bought(ctx, owner, str(i)))
    assert len({event.id for event in found}) == 32
    counts = with_counts([link])[0]
    assert (counts.conversions, str(counts.revenue), Exposure.get().revenue) == (
        32, "64.00", 640_000,
    )  # fmt: skip


def test_what_lies_ahead_is_refused_but_for_a_minute(ctx: Context, owner: Principal) -> None:
    ahead = NOW + MINUTE
    assert bought(ctx, owner, None, occurred_at=ahead).occurred_at == ahead
    with pytest.raises(ValidationFailed) as caught:
        bought(ctx, owner, None, occurred_at=ahead + timedelta(milliseconds=1))
    assert list(caught.value.errors) == ["occurred_at"]


# --- From browsers


def public_id(who: Principal) -> str:
    return workspaces.get(who.workspace_id).public_id


def seen(ctx: Context, who: Principal, visitor: str = VISITOR, **fields: Any) -> EventView:
    given = {"event_name": "purchase", "public_id": public_id(who)} | fields
    return events.record_public(ctx, visitor_id=visitor, **given)


def test_a_browser_records_what_a_known_visitor_does(ctx: Context, owner: Principal) -> None:
    link = a_link(ctx, owner)
    click(link, NOW - MINUTE)
    event = seen(ctx, owner, revenue=Decimal("99.99"), name="L", metadata={"a": 1})
    assert (event.link_uid, str(event.revenue), event.name) == (link.uid, "99.99", "L")
    assert (event.metadata, event.is_conversion, event.occurred_at) == ({"a": 1}, True, NOW)
    assert Event.get_by_id(event.id).key_id is None
    assert not seen(ctx, owner, event_name="look").is_conversion


def test_a_browser_counts_once_a_utc_day(ctx: Context, owner: Principal) -> None:
    link = a_link(ctx, owner)
    click(link, NOW - MINUTE)
    click(link, NOW - MINUTE, OTHER)
    first = seen(ctx, owner, revenue=Decimal(5))
    midnight = NOW.replace(hour=0, minute=0, second=0) + timedelta(days=1)
    last_ms = replace(ctx, now=midnight - timedelta(milliseconds=1))
    assert seen(last_ms, owner, revenue=Decimal(7)) == replace(first, repeated=True)
    others = [
        seen(ctx, owner, OTHER),
        seen(ctx, owner, event_name="signup"),
        seen(replace(ctx, now=midnight), owner),
        bought(ctx, owner, None),  # a server may send as many as it likes
    ]
    assert not any(event.repeated for event in others)
    assert Event.select().count() == 5
    assert str(with_counts([link])[0].revenue) == "7.00"


def test_of_many_browsers_at_once_one_is_counted(ctx: Context, owner: Principal) -> None:
    link = a_link(ctx, owner)
    click(link, NOW - MINUTE)
    found = at_once(16, lambda _: seen(ctx, owner))
    assert sum(not event.repeated for event in found) == 1
    assert Event.select().count() == with_counts([link])[0].conversions == 1


def test_a_browser_speaks_of_its_workspaces_known_visitors_only(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    click(a_link(ctx, owner), NOW - MINUTE)
    with pytest.raises(NotFound):
        seen(ctx, owner, OTHER)
    with pytest.raises(NotFound):
        seen(ctx, stranger)
    with pytest.raises(NotFound):
        seen(replace(ctx, now=NOW + timedelta(days=30)), owner)
    for unknown in ("", "ws_0123456789abcdef", public_id(owner) + "\0", "\ud800", "1"):
        with pytest.raises(NotFound):
            seen(ctx, owner, public_id=unknown)
    assert Event.select().count() == 0


@pytest.mark.parametrize(
    "fields,wrong",
    [
        ({"visitor": "v_"}, "visitor_id"),
        ({"visitor": "v_0123456789abcde\0"}, "visitor_id"),
        ({"visitor": "x" * 100_000}, "visitor_id"),
        ({"revenue": Decimal("10000.0001")}, "revenue"),
        ({"revenue": Decimal("NaN")}, "revenue"),
        ({"revenue": Decimal("sNaN")}, "revenue"),
        ({"revenue": Decimal("-0.01")}, "revenue"),
        ({"revenue": Decimal("1E+99")}, "revenue"),
        ({"event_name": ""}, "event_name"),
        ({"event_name": "\ud800"}, "event_name"),
        ({"currency": "usd"}, "currency"),
        ({"name": "\0"}, "name"),
        ({"metadata": {"a": "x" * (1 << 20)}}, "metadata"),
        ({"metadata": {"a": "x" * 2_048}}, "metadata"),  # less than a server may send
    ],
)
def test_what_a_browser_may_not_send_is_refused(
    ctx: Context, owner: Principal, fields: dict[str, Any], wrong: str
) -> None:
    click(a_link(ctx, owner), NOW - MINUTE)
    with pytest.raises(ValidationFailed) as caught:
        seen(ctx, owner, **fields)
    assert list(caught.value.errors) == [wrong]
    assert Event.select().count() == 0


def test_the_most_that_a_browser_may_say_is_a_setting(ctx: Context, owner: Principal) -> None:
    click(a_link(ctx, owner), NOW - MINUTE)
    assert seen(ctx, owner, revenue=Decimal(10_000)).revenue == 10_000
    none = replace(ctx, settings=replace(ctx.settings, max_public_revenue=0))
    with pytest.raises(ValidationFailed):
        seen(none, owner, revenue=Decimal("0.0001"))


def test_a_browser_sends_so_many_events_a_day_whatever_they_are_called(
    ctx: Context, owner: Principal
) -> None:
    link = a_link(ctx, owner)
    click(link, NOW - MINUTE)
    for number in range(events.MOST_A_DAY):
        seen(ctx, owner, event_name=f"look {number}")
    with pytest.raises(RateLimited) as caught:
        seen(ctx, owner)
    midnight = NOW.replace(hour=0, minute=0, second=0) + timedelta(days=1)
    assert caught.value.retry_after_s == (midnight - NOW).total_seconds()
    assert seen(ctx, owner, event_name="look 3").repeated
    bought(ctx, owner, None)  # a server may send as many as it likes
    assert not seen(replace(ctx, now=midnight), owner).repeated
    assert Event.select().count() == events.MOST_A_DAY + 2


# --- On the way


def test_a_visitor_converts_once_a_day_and_goes_where_its_link_says(
    ctx: Context, owner: Principal
) -> None:
    link = a_link(ctx, owner, conversion_redirect_url="https://example.com/Größe?a b")
    click(link, NOW - MINUTE)
    event, location = events.convert(ctx, VISITOR)
    assert (event.event_name, event.is_conversion, event.link_uid) == (
        "conversion", True, link.uid,
    )  # fmt: skip
    assert location == "https://example.com/Gr%C3%B6%C3%9Fe?a%20b"
    plain = a_link(ctx, owner)
    click(plain, NOW)
    assert events.convert(ctx, VISITOR) == (replace(event, repeated=True), None)
    tomorrow, _ = events.convert(replace(ctx, now=NOW + timedelta(days=1)), VISITOR)
    assert (tomorrow.repeated, tomorrow.link_uid) == (False, plain.uid)
    assert with_counts([link, plain])[0].conversions == 1


def test_a_visitor_is_found_whose_ever_it_is(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    theirs = a_link(ctx, stranger)
    click(a_link(ctx, owner), NOW - MINUTE)
    click(theirs, NOW - MINUTE, OTHER)
    assert events.convert(ctx, OTHER)[0].link_uid == theirs.uid
    with write():
        row = Domain.create(
            host="go.example.net", workspace=owner.workspace_id, verified_at=NOW, created_at=NOW
        )
    assert not events.convert(ctx, VISITOR, host_domain_id=row.id)[0].repeated
    assert events.convert(ctx, OTHER, host_domain_id=1)[0].repeated  # the base domain is nobody's
    with pytest.raises(NotFound):
        events.convert(ctx, OTHER, host_domain_id=row.id)


def test_who_is_not_known_converts_nothing(ctx: Context, owner: Principal) -> None:
    click(a_link(ctx, owner), NOW - timedelta(days=31))
    with pytest.raises(NotFound):
        events.convert(ctx, VISITOR)
    for malformed in ("", "v_", "\0", VISITOR + "x"):
        with pytest.raises(ValidationFailed) as caught:
            events.convert(ctx, malformed)
        assert list(caught.value.errors) == ["visitor_id"]
    assert Event.select().count() == 0
