"""Guessing a link's password gets slower and slower."""

from __future__ import annotations

import pytest

from klink.pages import throttle
from klink.pages.throttle import Throttle


class Clock:
    """Monotonic seconds that a test moves."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guard(clock: Clock) -> Throttle:
    return Throttle(clock)


def test_five_are_free_then_each_waits_twice_as_long_up_to_a_quarter_of_an_hour(
    clock: Clock, guard: Throttle
) -> None:
    assert [guard.ask(1, "203.0.113.7") for _ in range(5)] == [0] * 5
    waits = []
    for _ in range(13):
        waits.append(guard.ask(1, "203.0.113.7"))
        clock.now_s += waits[-1]
        assert guard.ask(1, "203.0.113.7") == 0
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_asking_too_early_neither_counts_nor_lengthens_the_wait(
    clock: Clock, guard: Throttle
) -> None:
    for _ in range(6):
        guard.ask(1, "203.0.113.7")
        clock.now_s += 1
    assert [guard.ask(1, "203.0.113.7") for _ in range(10)] == [1] * 10
    clock.now_s += 0.5
    assert guard.ask(1, "203.0.113.7") == 1
    clock.now_s += 0.5
    assert guard.ask(1, "203.0.113.7") == 0


def test_links_and_addresses_are_counted_apart(guard: Throttle) -> None:
    for _ in range(5):
        guard.ask(1, "203.0.113.7")
    assert guard.ask(1, "203.0.113.7") > 0
    assert guard.ask(2, "203.0.113.7") == 0
    assert guard.ask(1, "203.0.113.8") == 0


def test_a_subscribers_whole_ipv6_network_counts_as_one(guard: Throttle) -> None:
    for number in range(5):
        assert guard.ask(1, f"2001:db8:1:2::{number}") == 0
    assert guard.ask(1, "2001:db8:1:2:ffff::1") > 0
    assert guard.ask(1, "2001:db8:1:3::1") == 0


def test_whoever_knew_the_password_begins_again(guard: Throttle) -> None:
    for _ in range(5):
        guard.ask(1, "203.0.113.7")
    guard.forgive(1, "203.0.113.7")
    assert [guard.ask(1, "203.0.113.7") for _ in range(5)] == [0] * 5


def test_an_hour_without_a_try_forgives(clock: Clock, guard: Throttle) -> None:
    for _ in range(5):
        guard.ask(1, "203.0.113.7")
    clock.now_s += throttle.FORGOTTEN_AFTER_S + 2
    assert [guard.ask(1, "203.0.113.7") for _ in range(5)] == [0] * 5


def test_it_remembers_no_more_than_so_many(
    guard: Throttle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(throttle, "MAX_GUESSERS", 3)
    for _ in range(5):
        guard.ask(1, "203.0.113.7")
    for number in range(3):
        guard.ask(1, f"198.51.100.{number}")
    assert guard.ask(1, "203.0.113.7") == 0  # pushed out by three others
