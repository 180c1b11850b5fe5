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


def test_a_site_s_networks_of_ipv6_are_counted_together_too(guard: Throttle) -> None:
    asked = [guard.ask(1, f"2001:db8:1:{number}::1") for number in range(21)]
    assert asked == [0] * 20 + [1]
    assert guard.ask(1, "2001:db8:2::1") == 0


def test_with_ever_new_addresses_a_link_lets_fifty_guess_then_one_a_minute(
    clock: Clock, guard: Throttle
) -> None:
    addresses = (f"2001:db8:{number:x}::1" for number in range(1000))
    assert [guard.ask(1, next(addresses)) for _ in range(50)] == [0] * 50
    assert guard.ask(2, next(addresses)) == 0
    waits = []
    for _ in range(9):
        waits.append(guard.ask(1, next(addresses)))
        clock.now_s += waits[-1]
        assert guard.ask(1, next(addresses)) == 0
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_an_attacked_link_recovers_by_a_try_a_minute(clock: Clock, guard: Throttle) -> None:
    for number in range(500):
        clock.now_s += guard.ask(1, f"198.51.{number // 250}.{number % 250}")
    clock.now_s += 60 + 10 * 60
    asked = [guard.ask(1, f"203.0.113.{number}") for number in range(5)]
    assert asked == [0, 0, 0, 0, 1]  # those that were forgiven


def test_who_knows_the_password_uses_up_none_of_the_links_tries(guard: Throttle) -> None:
    for number in range(200):
        assert guard.ask(1, f"203.0.113.{number}") == 0
        guard.forgive(1, f"203.0.113.{number}")


def test_a_try_that_is_taken_back_counts_nowhere(guard: Throttle) -> None:
    for _ in range(100):
        assert guard.ask(1, "2001:db8::1") == 0
        guard.take_back(1, "2001:db8::1")
    assert [guard.ask(1, "2001:db8::1") for _ in range(6)] == [0] * 5 + [1]
    guard.take_back(1, "2001:db8::1")
    assert [guard.ask(1, "2001:db8::1") for _ in range(2)] == [0, 1]


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
