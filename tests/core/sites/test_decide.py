"""What follows from looks at a page, hour after hour."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from klink.core.sites import Decision, Found, Outcome, State, decide

START = datetime(2026, 3, 14, tzinfo=UTC)
INTERVAL = timedelta(hours=6)
GRACE = timedelta(hours=24)

FOUND = Outcome(Found.FOUND)
MISSING = Outcome(Found.MISSING, "page")
UNPROVEN = Outcome(Found.UNPROVEN, "timeout")


def at(hours: float) -> datetime:
    return START + timedelta(hours=hours)


def step(state: State, outcome: Outcome, now: datetime, *, share: float = 0) -> Decision:
    return decide(state, outcome, now, interval=INTERVAL, grace=GRACE, share=share)


@dataclass(frozen=True)
class Look:
    """One look at ``hours``, and what is to be known after it, in hours from the start."""

    hours: float
    outcome: Outcome
    verified: float | None = None
    deletion: float | None = None
    next_hours: float = 0
    is_over: bool = False


STORIES = {
    "it is found, and found again": [
        Look(0, FOUND, verified=0, next_hours=6),
        Look(6, FOUND, verified=6, next_hours=12),
    ],
    "it was never there": [
        Look(0, MISSING, deletion=24, next_hours=6),
        Look(6, MISSING, deletion=24, next_hours=12),
        Look(12, MISSING, deletion=24, next_hours=18),
        Look(18, MISSING, deletion=24, next_hours=24),
        Look(24, MISSING, deletion=24, next_hours=30, is_over=True),
    ],
    "it is lost and found again, and its time begins anew when it is lost again": [
        Look(0, FOUND, verified=0, next_hours=6),
        Look(6, MISSING, verified=0, deletion=30, next_hours=12),
        Look(12, FOUND, verified=12, next_hours=18),
        Look(18, MISSING, verified=12, deletion=42, next_hours=24),
        Look(41, MISSING, verified=12, deletion=42, next_hours=42),
        Look(42, MISSING, verified=12, deletion=42, next_hours=48, is_over=True),
    ],
    "it is found at the last moment": [
        Look(0, MISSING, deletion=24, next_hours=6),
        Look(24, FOUND, verified=24, next_hours=30),
        Look(30, MISSING, verified=24, deletion=54, next_hours=36),
    ],
    "the page cannot be reached, and no clock starts": [
        Look(0, UNPROVEN, next_hours=5 / 60),
        Look(200, UNPROVEN, next_hours=200 + 10 / 60),
    ],
    "the page cannot be reached when the time is over, and the link stays": [
        Look(0, FOUND, verified=0, next_hours=6),
        Look(6, MISSING, verified=0, deletion=30, next_hours=12),
        Look(30, UNPROVEN, verified=0, deletion=30, next_hours=30 + 5 / 60),
        Look(200, UNPROVEN, verified=0, deletion=30, next_hours=200 + 10 / 60),
        Look(201, FOUND, verified=201, next_hours=207),
    ],
    "the page is back without the link after its time": [
        Look(0, MISSING, deletion=24, next_hours=6),
        Look(25, UNPROVEN, deletion=24, next_hours=25 + 5 / 60),
        Look(26, MISSING, deletion=24, next_hours=32, is_over=True),
    ],
    "nobody has looked for a week": [
        Look(0, MISSING, deletion=24, next_hours=6),
        Look(168, MISSING, deletion=24, next_hours=174, is_over=True),
    ],
}


@pytest.mark.parametrize("story", STORIES)
def test_a_link_lives_and_dies_by_what_is_proven(story: str):
    state = State()
    for look in STORIES[story]:
        decision = step(state, look.outcome, at(look.hours))
        state = decision.state
        assert state.verified_at == (None if look.verified is None else at(look.verified))
        assert state.deletion_at == (None if look.deletion is None else at(look.deletion))
        assert decision.next_at == at(look.next_hours)
        assert decision.is_over is look.is_over


def test_an_unreachable_week_never_starts_the_clock_and_is_asked_ever_more_rarely():
    state, now, waits = State(verified_at=at(-6)), START, []
    while now < at(24 * 7):
        decision = step(state, UNPROVEN, now)
        assert not decision.is_over
        waits.append(decision.next_at - now)
        state, now = decision.state, decision.next_at
    assert (state.verified_at, state.deletion_at) == (at(-6), None)
    assert waits[:4] == [timedelta(minutes=m) for m in (5, 10, 20, 40)]
    assert waits == sorted(waits)
    assert waits[-1] == INTERVAL
    assert len(waits) < 40
    assert step(state, FOUND, now).state.failures == 0
    assert step(state, MISSING, now).state.failures == 0


def test_failures_without_end_do_not_overflow():
    decision = step(State(failures=100_000), UNPROVEN, START)
    assert decision.next_at == START + INTERVAL


@pytest.mark.parametrize(
    "asked_s, hours", [(7200, 2), (0, 5 / 60), (10, 5 / 60), (90_000, 24), (999_999_999, 24)]
)
def test_a_site_may_ask_for_time_but_not_for_more_than_a_day(asked_s: int, hours: float):
    busy = Outcome(Found.UNPROVEN, "http_503", asked_s)
    assert step(State(), busy, START).next_at == at(hours)


def test_looks_that_begin_together_drift_apart_and_none_is_late():
    nexts = [step(State(), FOUND, START, share=share / 10).next_at for share in range(11)]
    assert nexts == sorted(nexts, reverse=True)
    assert (nexts[0], nexts[-1]) == (at(6), at(5.4))


def test_a_link_is_looked_for_when_its_time_is_over_and_not_before_it_is_asked_again():
    assert step(State(deletion_at=at(24)), MISSING, at(23.5)).next_at == at(24)
