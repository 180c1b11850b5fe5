"""What follows from a check of a destination: a function of what is known and of the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from klink.core.destination_checks.answer import DOWN, Answer, Problem

__all__ = ["DOWN_AFTER", "Decision", "State", "decide"]

DOWN_AFTER = 3
"""Checks in a row that find a destination down until visitors go elsewhere."""

CONFIRM_AFTER = timedelta(minutes=5)
"""Between those, unless the interval is shorter."""

LONGEST_WAIT = timedelta(hours=1)
"""The longest that a site which is down, or its ``Retry-After``, puts off the next check, unless
the interval is longer: visitors wait to come back."""

_SPREAD = 0.1  # of the interval


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a destination.

    :ivar failing_since: when a problem was first met that is still there.
    :ivar failures: how many checks in a row have found it down.
    :ivar down_since: since when it counts as down.
    """

    problem: Problem | None = None
    failing_since: datetime | None = None
    failures: int = 0
    down_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What is known now, and when to check again; None: not by the clock."""

    state: State
    next_at: datetime | None


def decide(
    state: State,
    answer: Answer,
    now: datetime,
    *,
    every: timedelta | None,
    share: float = 0.0,
) -> Decision:
    """What one check changes.

    A problem that visitors may not have (:data:`DOWN`) makes nothing count as down and does not
    end that either.

    :param every: between two checks; None: the clock makes none.
    :param share: 0 to 1, how much of a tenth of the interval the next check comes early, so that
        links that were made together are not checked together for ever.
    """
    after = _after(state, answer.problem, now)
    if every is None:
        return Decision(after, None)
    wait = every * (1 - _SPREAD * share)
    longest = max(every, LONGEST_WAIT)
    if answer.problem in DOWN:
        if after.failures < DOWN_AFTER:
            wait = min(wait, CONFIRM_AFTER)
        else:
            doubled: int = 2 ** min(after.failures - DOWN_AFTER, 16)
            wait = min(longest, wait * doubled)
    asked = min(longest, timedelta(seconds=answer.retry_after_s or 0))
    return Decision(after, now + max(wait, asked))


def _after(state: State, problem: Problem | None, now: datetime) -> State:
    if problem is None:
        return State()
    since = state.failing_since or now
    if problem not in DOWN:
        return State(problem, since, state.failures, state.down_since)
    failures = state.failures + 1
    down_since = state.down_since or (now if failures >= DOWN_AFTER else None)
    return State(problem, since, failures, down_since)
