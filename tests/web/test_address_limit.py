"""How often an address may send events."""

from __future__ import annotations

import pytest

from klink.core.errors import RateLimited
from klink.web import address_limit as limit
from klink.web.address_limit import Limit

HERE, THERE = "203.0.113.7", "203.0.113.8"


class Watch:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def events(watch: Watch) -> Limit:
    return Limit(watch)


def taken(events: Limit, address: str, tries: int) -> int:
    """How many of so many tries are let through."""
    count = 0
    for _ in range(tries):
        try:
            events.take(address)
        except RateLimited:
            continue
        count += 1
    return count


def test_an_address_may_send_sixty_at_once(events: Limit) -> None:
    assert taken(events, HERE, 100) == 60


def test_then_one_a_second(events: Limit, watch: Watch) -> None:
    taken(events, HERE, 60)
    with pytest.raises(RateLimited) as refused:
        events.take(HERE)
    assert refused.value.retry_after_s == 1
    watch.now_s += 1
    assert taken(events, HERE, 5) == 1
    watch.now_s += 10
    assert taken(events, HERE, 50) == 10


def test_after_a_minute_of_rest_it_is_sixty_again(events: Limit, watch: Watch) -> None:
    taken(events, HERE, 100)
    watch.now_s += 3600
    assert taken(events, HERE, 100) == 60


def test_another_address_has_its_own_sixty(events: Limit) -> None:
    taken(events, HERE, 100)
    assert taken(events, THERE, 100) == 60


def test_a_household_of_ipv6_counts_as_one(events: Limit) -> None:
    assert sum(taken(events, f"2001:db8:1:1::{each:x}", 10) for each in range(20)) == 60


def test_a_site_of_ipv6_has_ten_times_as_much_whatever_its_networks(events: Limit) -> None:
    assert sum(taken(events, f"2001:db8:1:{each:x}::1", 60) for each in range(20)) == 600
    assert taken(events, "2001:db8:2::1", 60) == 60


def test_what_is_refused_costs_nothing(events: Limit, watch: Watch) -> None:
    taken(events, HERE, 1000)
    watch.now_s += 1
    assert taken(events, HERE, 5) == 1


def test_the_first_to_send_are_forgotten_when_there_are_too_many(
    events: Limit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limit, "MAX_SENDERS", 2)
    for address in (HERE, THERE, "203.0.113.9"):
        taken(events, address, 60)
    assert taken(events, THERE, 1) == 0
    assert taken(events, HERE, 1) == 1
