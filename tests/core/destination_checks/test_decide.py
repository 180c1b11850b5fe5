"""When a destination counts as down, and when it is asked again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from klink.core.destination_checks import DOWN, Answer, Problem, State, decide

NOW = datetime(2026, 3, 14, 15, 0, tzinfo=UTC)
EVERY = timedelta(minutes=15)
GONE = Answer(Problem.NOT_FOUND, 404)
BROKEN = Answer(Problem.SERVER_ERROR, 503)
THERE = Answer(status=200)


def minutes(state: State, answer: Answer, every: timedelta | None = EVERY) -> float | None:
    """How long the next check is put off."""
    next_at = decide(state, answer, NOW, every=every).next_at
    return None if next_at is None else (next_at - NOW) / timedelta(minutes=1)


def after(*answers: Answer, state: State | None = None) -> State:
    """What is known after these answers, each a minute after the one before."""
    known = state or State()
    for i, answer in enumerate(answers):
        known = decide(known, answer, NOW + timedelta(minutes=i), every=EVERY).state
    return known


@pytest.mark.parametrize("problem", sorted(DOWN))
def test_the_third_failure_in_a_row_makes_it_down(problem: Problem):
    answer = Answer(problem)
    assert after(answer) == State(problem, NOW, 1)
    assert after(answer, answer) == State(problem, NOW, 2)
    third = NOW + timedelta(minutes=2)
    assert after(answer, answer, answer) == State(problem, NOW, 3, third)
    assert after(answer, answer, answer, answer) == State(problem, NOW, 4, third)


def test_different_failures_are_one_row():
    known = after(GONE, BROKEN, Answer(Problem.CERTIFICATE))
    assert known == State(Problem.CERTIFICATE, NOW, 3, NOW + timedelta(minutes=2))


def test_one_that_is_there_in_between_begins_the_row_anew():
    assert after(GONE, GONE, THERE, GONE) == State(
        Problem.NOT_FOUND, NOW + timedelta(minutes=3), failures=1
    )


@pytest.mark.parametrize("status", [200, 204, 304, 400, 401, 403, 405, 418, 429, 451])
def test_whoever_answers_without_a_problem_is_up_again(status: int):
    down = after(GONE, GONE, GONE)
    assert down.down_since is not None
    assert after(Answer(status=status), state=down) == State()


@pytest.mark.parametrize("problem", sorted(set(Problem) - DOWN))
def test_a_problem_of_klink_alone_makes_nothing_down_and_ends_nothing(problem: Problem):
    mine = Answer(problem)
    assert after(mine, mine, mine, mine) == State(problem, NOW)
    assert after(GONE, mine, GONE) == State(Problem.NOT_FOUND, NOW, 2)
    down = after(GONE, GONE, GONE)
    still = after(mine, state=down)
    assert (still.problem, still.down_since) == (problem, down.down_since)


def test_failures_are_confirmed_soon_and_then_asked_about_ever_more_rarely():
    waits = []
    known = State()
    for _ in range(7):
        waits.append(minutes(known, GONE))
        known = after(GONE, state=known)
    assert waits == [5, 5, 15, 30, 60, 60, 60]
    assert minutes(known, THERE) == 15


def test_a_long_interval_is_never_left_by_more_than_itself():
    week = timedelta(days=7)
    long_down = State(Problem.NOT_FOUND, NOW, 40, NOW)
    assert minutes(State(), GONE, week) == 5
    assert minutes(long_down, GONE, week) == 7 * 24 * 60
    assert minutes(State(), GONE, timedelta(seconds=30)) == 0.5


def test_retry_after_puts_the_next_check_off_by_an_hour_at_most():
    asked = {60: 15, 1800: 30, 999_999: 60}
    for retry_after_s, waited in asked.items():
        answer = Answer(status=429, retry_after_s=retry_after_s)
        assert minutes(State(), answer) == waited
    day = timedelta(days=1)
    assert minutes(State(), Answer(Problem.SERVER_ERROR, 503, None, 7200), day) == 120


def test_without_a_clock_there_is_no_next_check_but_what_was_found_counts():
    assert minutes(State(), GONE, None) is None
    assert decide(State(), GONE, NOW, every=None).state == State(Problem.NOT_FOUND, NOW, 1)


def test_checks_are_spread_over_a_tenth_of_the_interval():
    found = {
        share: decide(State(), THERE, NOW, every=EVERY, share=share).next_at
        for share in (0.0, 0.5, 1.0)
    }
    assert found == {
        0.0: NOW + EVERY,
        0.5: NOW + EVERY * 0.95,
        1.0: NOW + EVERY * 0.9,
    }
