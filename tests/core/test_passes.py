"""A pass counts once, soon, for one purpose and one subject, whatever is done to it."""

from __future__ import annotations

import base64
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core import passes
from klink.core.passes import LIVES, BadPass, Passes
from klink.db.connection import write
from klink.db.models import UsedPass
from tests.core.conftest import NOW
from tests.dialects.house import at_once

SECRET = b"s" * 32
MINUTE = timedelta(minutes=1)


@pytest.fixture
def made(db: str) -> Passes:
    return Passes(SECRET, "captcha")


def why(made: Passes, token: str, subject: str = "7", after: timedelta = timedelta()) -> str:
    """Why a pass cannot be taken; it cannot be checked either, for the same reason."""
    with pytest.raises(BadPass) as checked:
        made.check(token, subject, NOW + after)
    with pytest.raises(BadPass) as taken:
        made.take(token, subject, NOW + after)
    assert checked.value.reason == taken.value.reason
    return taken.value.reason


def test_a_pass_can_be_taken_once(made: Passes) -> None:
    token = made.issue("7", NOW)
    made.take(token, "7", NOW)
    assert why(made, token) == "used"
    assert why(made, token, after=LIVES - MINUTE) == "used"


def test_looking_at_a_pass_does_not_use_it_up(made: Passes) -> None:
    token = made.issue("7", NOW)
    for _ in range(3):
        made.check(token, "7", NOW)
    assert UsedPass.select().count() == 0
    made.take(token, "7", NOW)


def test_issuing_writes_nothing_and_no_two_passes_are_alike(made: Passes) -> None:
    assert len({made.issue("7", NOW) for _ in range(1000)}) == 1000
    assert UsedPass.select().count() == 0


def test_of_thirty_two_that_take_it_at_once_one_has_it(made: Passes) -> None:
    token = made.issue("7", NOW)
    found = at_once([lambda: made.take(token, "7", NOW)] * 32)
    assert found.count(None) == 1
    assert sum(isinstance(each, BadPass) and each.reason == "used" for each in found) == 31


def test_a_restart_gives_no_pass_back(made: Passes) -> None:
    fresh, used = made.issue("7", NOW), made.issue("7", NOW)
    made.take(used, "7", NOW)
    again = Passes(SECRET, "captcha")
    assert why(again, used) == "used"
    again.take(fresh, "7", NOW)


def test_a_pass_of_another_subject_purpose_or_server_is_none(made: Passes) -> None:
    token = made.issue("7", NOW)
    for subject in ("8", "", "77", "7 "):
        assert why(made, token, subject) == "forged"
    assert why(Passes(SECRET, "password"), token) == "forged"
    assert why(Passes(b"t" * 32, "captcha"), token) == "forged"
    made.take(token, "7", NOW)


def test_a_pass_lives_five_minutes(made: Passes) -> None:
    token = made.issue("7", NOW)
    assert timedelta(minutes=5) == LIVES
    assert why(made, token, after=LIVES) == "expired"
    made.take(token, "7", NOW + LIVES - timedelta(milliseconds=1))


def test_a_pass_from_the_future_counts_only_as_far_as_clocks_differ(made: Passes) -> None:
    token = made.issue("7", NOW)
    assert why(made, token, after=-MINUTE) == "expired"
    made.take(token, "7", NOW - timedelta(seconds=30))


def test_a_clock_that_is_set_back_gives_no_pass_back(made: Passes) -> None:
    token = made.issue("7", NOW)
    made.take(token, "7", NOW + 4 * MINUTE)
    assert passes.prune(NOW + LIVES + timedelta(minutes=59)) == 0
    assert why(made, token, after=MINUTE) == "used"


def test_what_a_unit_of_work_does_not_finish_is_not_used(made: Passes) -> None:
    token = made.issue("7", NOW)
    with pytest.raises(RuntimeError), write():
        made.take(token, "7", NOW)
        raise RuntimeError
    made.take(token, "7", NOW)


def test_used_passes_are_forgotten_when_nobody_can_use_them(made: Passes) -> None:
    for minute in (0, 30, 31):
        at = NOW + minute * MINUTE
        for _ in range(5):
            made.take(made.issue("7", at), "7", at)
    end = NOW + LIVES + passes.KEPT
    assert passes.prune(end - timedelta(milliseconds=1)) == 0
    assert [passes.prune(end, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert passes.prune(end + 31 * MINUTE) == 10


def test_every_other_text_is_forged(made: Passes) -> None:
    token = made.issue("7", NOW)
    for i, old in enumerate(token):
        for new in "AB_-+/= \u00e9":
            if new != old:
                assert why(made, token[:i] + new + token[i + 1 :]) == "forged"
    raw = base64.urlsafe_b64decode(token + "=")
    for wrong in (raw[:-1], raw + b"\0", raw[::-1], b"", b"\0" * 50):
        assert why(made, base64.urlsafe_b64encode(wrong).rstrip(b"=").decode()) == "forged"
    made.take(token, "7", NOW)


@given(st.text(max_size=80))
def test_no_text_breaks_it(text: str) -> None:
    with pytest.raises(BadPass):
        Passes(SECRET, "captcha").check(text, "7", NOW)
