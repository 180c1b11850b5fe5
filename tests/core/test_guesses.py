"""Guessing gets slower and slower, and a restart forgets nothing (L7)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from klink.core import guesses
from klink.core.guesses import FORGOTTEN_AFTER, CodeGuesses, Guesses, SignInGuesses
from klink.db.models import Guess
from tests.core.conftest import NOW
from tests.dialects.house import at_once

SECRET = b"s" * 32
ADDRESS = "203.0.113.7"


class Guard:
    """Guesses with a clock that a test moves."""

    def __init__(self) -> None:
        self.now: datetime = NOW
        self._guesses = Guesses(SECRET)

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)

    def restart(self) -> None:
        self._guesses = Guesses(SECRET)

    def ask(self, link_id: int, address: str) -> int:
        return self._guesses.ask(link_id, address, self.now)

    def forgive(self, link_id: int, address: str) -> None:
        self._guesses.forgive(link_id, address)

    def take_back(self, link_id: int, address: str) -> None:
        self._guesses.take_back(link_id, address)


@pytest.fixture
def guard(db: str) -> Guard:
    return Guard()


def waits(guard: Guard, many: int, link_id: int = 1, address: str = ADDRESS) -> list[int]:
    """How long each of so many tries has to wait; each waits, and then goes through."""
    found = []
    for _ in range(many):
        found.append(guard.ask(link_id, address))
        if found[-1]:
            guard.later(seconds=found[-1])
            assert guard.ask(link_id, address) == 0
    return found


def test_l7_five_are_free_then_each_waits_twice_as_long_up_to_a_quarter_of_an_hour(
    guard: Guard,
) -> None:
    assert waits(guard, 18) == [0] * 5 + [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]


def test_l7_a_restart_forgets_no_try(guard: Guard) -> None:
    waits(guard, 9)
    guard.restart()
    assert guard.ask(1, ADDRESS) == 16


def test_asking_too_early_neither_counts_nor_lengthens_the_wait(guard: Guard) -> None:
    waits(guard, 5)
    assert [guard.ask(1, ADDRESS) for _ in range(10)] == [1] * 10
    guard.later(seconds=0.5)
    assert guard.ask(1, ADDRESS) == 1
    guard.later(seconds=0.5)
    assert guard.ask(1, ADDRESS) == 0


def test_links_and_addresses_are_counted_apart(guard: Guard) -> None:
    waits(guard, 5)
    assert guard.ask(1, ADDRESS) > 0
    assert guard.ask(2, ADDRESS) == 0
    assert guard.ask(1, "203.0.113.8") == 0


def test_a_subscribers_whole_ipv6_network_counts_as_one(guard: Guard) -> None:
    for number in range(5):
        assert guard.ask(1, f"2001:db8:1:2::{number}") == 0
    assert guard.ask(1, "2001:db8:1:2:ffff::1") > 0
    assert guard.ask(1, "2001:db8:1:3::1") == 0


def test_a_sites_networks_of_ipv6_are_counted_together_too(guard: Guard) -> None:
    asked = [guard.ask(1, f"2001:db8:1:{number}::1") for number in range(21)]
    assert asked == [0] * 20 + [1]
    assert guard.ask(1, "2001:db8:2::1") == 0


def test_whoever_goes_from_link_to_link_has_thirty_free_then_waits_up_to_a_minute(
    guard: Guard,
) -> None:
    assert [guard.ask(link_id, ADDRESS) for link_id in range(30)] == [0] * 30
    found = []
    for link_id in range(30, 39):
        found.append(guard.ask(link_id, ADDRESS))
        guard.later(seconds=found[-1])
        assert guard.ask(link_id, ADDRESS) == 0
    assert found == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    assert guard.ask(1, "203.0.113.8") == 0


def test_with_ever_new_addresses_a_link_lets_fifty_guess_then_one_a_minute(guard: Guard) -> None:
    addresses = (f"2001:db8:{number:x}::1" for number in range(1000))
    assert [guard.ask(1, next(addresses)) for _ in range(50)] == [0] * 50
    assert guard.ask(2, next(addresses)) == 0
    found = []
    for _ in range(9):
        found.append(guard.ask(1, next(addresses)))
        guard.later(seconds=found[-1])
        assert guard.ask(1, next(addresses)) == 0
    assert found == [1, 2, 4, 8, 16, 32, 60, 60, 60]


def test_a_link_that_was_attacked_is_open_to_others_within_a_minute(guard: Guard) -> None:
    for number in range(300):
        guard.later(seconds=guard.ask(1, f"198.51.{number // 250}.{number % 250}"))
    guard.later(minutes=1)
    assert guard.ask(1, ADDRESS) == 0
    guard.later(minutes=11)
    asked = [guard.ask(1, f"203.0.113.{number}") for number in range(5)]
    assert asked == [0, 0, 0, 0, 1]  # those that ten minutes have forgiven


def test_who_knows_the_password_uses_up_none_of_the_links_tries(guard: Guard) -> None:
    for number in range(200):
        assert guard.ask(1, f"203.0.113.{number}") == 0
        guard.forgive(1, f"203.0.113.{number}")
    assert Guess.select().count() == 0


def test_a_household_that_knows_the_passwords_may_open_any_number_of_links(guard: Guard) -> None:
    for link_id in range(100):
        assert guard.ask(link_id, ADDRESS) == 0
        guard.forgive(link_id, ADDRESS)


def test_whoever_knew_the_password_begins_again(guard: Guard) -> None:
    waits(guard, 5)
    guard.forgive(1, ADDRESS)
    assert waits(guard, 6) == [0] * 5 + [1]


def test_knowing_one_password_forgives_no_guesses_at_other_links(guard: Guard) -> None:
    for link_id in range(30):
        guard.ask(link_id, ADDRESS)
    guard.later(seconds=1)
    assert guard.ask(99, ADDRESS) == 0
    guard.forgive(99, ADDRESS)
    assert [guard.ask(link_id, ADDRESS) for link_id in (98, 97)] == [0, 2]


@pytest.mark.parametrize("tried", [0, 3, 4, 9, 17])
def test_a_try_that_is_taken_back_counts_nowhere(guard: Guard, tried: int) -> None:
    waits(guard, tried)
    guard.later(seconds=900)
    for _ in range(20):
        assert guard.ask(1, ADDRESS) == 0
        guard.take_back(1, ADDRESS)
    assert guard.ask(1, ADDRESS) == 0
    assert guard.ask(1, ADDRESS) == (0 if tried < 4 else min(900, 2 ** (tried - 4)))


def test_a_first_try_that_is_taken_back_leaves_nothing(guard: Guard) -> None:
    guard.ask(1, "2001:db8::1")
    assert Guess.select().count() == 4
    guard.take_back(1, "2001:db8::1")
    assert Guess.select().count() == 0


def test_an_hour_without_a_try_forgives(guard: Guard) -> None:
    waits(guard, 5)
    guard.later(seconds=FORGOTTEN_AFTER.total_seconds() + 2)
    assert waits(guard, 6) == [0] * 5 + [1]


def test_of_many_tries_at_once_five_go_through(guard: Guard) -> None:
    found = at_once([lambda: guard.ask(1, ADDRESS)] * 32)
    assert sorted(found) == [0] * 5 + [1] * 27


def test_a_clock_that_is_set_back_locks_nobody_out(guard: Guard) -> None:
    waits(guard, 18)
    guard.later(minutes=-10)
    assert 0 < guard.ask(1, ADDRESS) <= 900
    guard.later(days=-400)
    assert guard.ask(1, ADDRESS) == 0


def test_no_address_and_no_link_is_stored(guard: Guard) -> None:
    guard.ask(1234567, ADDRESS)
    guard.ask(1234567, "2001:db8::1")
    stored = str(list(Guess.select().tuples()))
    assert "1234567" not in stored
    assert "203.0" not in stored
    assert "2001" not in stored
    before = {row.who for row in Guess.select()}
    Guesses(b"t" * 32).ask(1234567, ADDRESS, NOW)
    assert {row.who for row in Guess.select()} > before


def test_who_has_to_wait_writes_nothing(guard: Guard) -> None:
    waits(guard, 5)
    before = list(Guess.select().order_by(Guess.who).tuples())
    for number in range(100):
        guard.later(milliseconds=number % 2)
        guard.ask(1, ADDRESS)
    assert list(Guess.select().order_by(Guess.who).tuples()) == before


def test_tries_make_room_for_themselves(guard: Guard) -> None:
    for number in range(300):
        guard.later(minutes=1)
        guard.ask(number, f"203.0.{number // 250}.{number % 250}")
    assert Guess.select().count() <= 4 * 61


def test_old_tries_are_cleaned_up_and_so_are_those_of_a_wrong_clock(guard: Guard) -> None:
    for number in range(4):
        guard.ask(number, f"203.0.113.{number}")
    guard.later(days=3)
    guard.ask(9, ADDRESS)  # sweeps four
    count = Guess.select().count()
    assert count == 4 * 3 - 4 + 3
    assert guesses.prune(NOW, limit=100) == 3
    assert guesses.prune(NOW + FORGOTTEN_AFTER - timedelta(milliseconds=1)) == 0
    assert [guesses.prune(NOW + FORGOTTEN_AFTER, limit=5) for _ in range(3)] == [5, 3, 0]


def test_a_clean_up_leaves_no_more_than_so_many(
    guard: Guard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "MOST", 6)
    for number in range(10):
        guard.later(seconds=1)
        guard.ask(number, f"203.0.113.{number}")
    while guesses.prune(guard.now, limit=4):
        pass
    assert Guess.select().count() == 6
    assert guard.ask(9, "203.0.113.9") == 0


def test_the_log_tells_of_guessing_once_a_minute_and_no_whole_address(
    guard: Guard, caplog: pytest.LogCaptureFixture
) -> None:
    waits(guard, 5)
    for _ in range(50):
        assert guard.ask(1, ADDRESS) == 1
    [told] = [each.getMessage() for each in caplog.records]
    assert "link 1" in told
    assert "203.0.113.0/24" in told
    assert ADDRESS not in told
    caplog.clear()
    guard.later(minutes=1)
    guard.ask(1, ADDRESS)
    for _ in range(50):
        assert guard.ask(1, ADDRESS) == 2
    assert len(caplog.records) == 1


ANN = "ann@example.org"


@pytest.fixture
def at_sign_in(db: str) -> SignInGuesses:
    return SignInGuesses(SECRET)


def test_at_sign_in_five_are_free_then_each_waits_twice_as_long(at_sign_in: SignInGuesses) -> None:
    now, found = NOW, []
    for _ in range(9):
        found.append(at_sign_in.ask(ANN, ADDRESS, now))
        now += timedelta(seconds=found[-1])
        if found[-1]:
            assert at_sign_in.ask(ANN, ADDRESS, now) == 0
    assert found == [0] * 5 + [1, 2, 4, 8]
    assert at_sign_in.ask("bob@example.org", ADDRESS, now) == 0
    assert at_sign_in.ask(ANN, "198.51.100.1", now) == 0


def test_an_email_counts_as_one_however_it_is_written(at_sign_in: SignInGuesses) -> None:
    written = [ANN, " ann@example.org", "Ann@Example.org", "ANN@EXAMPLE.ORG ", ANN]
    assert [at_sign_in.ask(each, ADDRESS, NOW) for each in written] == [0] * 5
    assert at_sign_in.ask("aNN@example.org", ADDRESS, NOW) == 1


def test_any_text_may_be_given_as_an_email(at_sign_in: SignInGuesses) -> None:
    for text in ("", "\0", "\ud800", "x" * 100_000, "%s %d"):
        assert at_sign_in.ask(text, ADDRESS, NOW) == 0


def test_whoever_signed_in_begins_again(at_sign_in: SignInGuesses) -> None:
    for _ in range(5):
        at_sign_in.ask(ANN, ADDRESS, NOW)
    assert at_sign_in.ask(ANN, ADDRESS, NOW) == 1
    at_sign_in.forgive(ANN, ADDRESS)
    assert [at_sign_in.ask(ANN, ADDRESS, NOW) for _ in range(6)] == [0] * 5 + [1]


def test_with_ever_new_addresses_nobody_holds_a_user_up_for_more_than_a_minute(
    at_sign_in: SignInGuesses,
) -> None:
    now = NOW
    for number in range(300):
        now += timedelta(seconds=at_sign_in.ask(ANN, f"198.51.{number // 250}.{number % 250}", now))
    assert 0 < at_sign_in.ask(ANN, ADDRESS, now) <= 60
    assert at_sign_in.ask("bob@example.org", ADDRESS, now) == 0


def test_a_users_codes_have_ten_tries_from_ever_new_addresses_then_ever_longer_waits(
    db: str,
) -> None:
    codes, now, found = CodeGuesses(SECRET), NOW, []
    for number in range(22):
        found.append(codes.ask("uid", f"203.0.113.{number}", now))
        now += timedelta(seconds=found[-1])
        if found[-1]:
            assert codes.ask("uid", f"203.0.113.{number}", now) == 0
    assert found == [0] * 10 + [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]


def test_guesses_of_passwords_codes_and_links_know_nothing_of_each_other(
    guard: Guard, at_sign_in: SignInGuesses
) -> None:
    for _ in range(6):
        at_sign_in.ask("1", ADDRESS, NOW)
    assert guard.ask(1, ADDRESS) == 0
    assert CodeGuesses(SECRET).ask("1", ADDRESS, NOW) == 0


def test_of_many_tries_to_sign_in_at_once_five_go_through(at_sign_in: SignInGuesses) -> None:
    found = at_once([lambda: at_sign_in.ask(ANN, ADDRESS, NOW)] * 16)
    assert sorted(found) == [0] * 5 + [1] * 11


def test_the_log_does_not_say_whose_password_is_guessed(
    at_sign_in: SignInGuesses, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(50):
        at_sign_in.ask("my secret password", ADDRESS, NOW)
    [told] = [each.getMessage() for each in caplog.records]
    assert "a user's password" in told
    assert "203.0.113.0/24" in told
    assert "secret" not in told
    assert ADDRESS not in told
