"""What follows from a look at a link's page: a function of what is known and of the time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from klink.core.sites.outcome import Found, Outcome

__all__ = ["FIRST_RETRY", "LONGEST_WAIT", "Decision", "State", "decide"]

FIRST_RETRY = timedelta(minutes=5)
"""After a look that proved nothing; twice as long after each further one, up to the interval."""

LONGEST_WAIT = timedelta(hours=24)
"""The longest that a site can make klink wait by ``Retry-After``."""

_SPREAD = 0.1  # of the interval


@dataclass(frozen=True, slots=True)
class State:
    """What is known of a link and its page.

    :ivar verified_at: when the link was last found there.
    :ivar deletion_at: from when on it is deleted if it is missing again; None: no clock runs.
    :ivar failures: how many looks in a row have proved nothing.
    """

    verified_at: datetime | None = None
    deletion_at: datetime | None = None
    failures: int = 0


@dataclass(frozen=True, slots=True)
class Decision:
    """What is known now, when to look again, and whether the link's time is over."""

    state: State
    next_at: datetime
    is_over: bool = False


def decide(
    state: State,
    outcome: Outcome,
    now: datetime,
    *,
    interval: timedelta,
    grace: timedelta,
    share: float = 0.0,
) -> Decision:
    """What one look changes (U11).

    :param interval: between two looks that find something out.
    :param grace: between the first look that misses the link and the one that may end it.
    :param share: 0 to 1, how much of a tenth of the interval the next look comes early, so that
        links that were made together are not looked at together for ever.
    """
    regular = now + interval * (1 - _SPREAD * share)
    if outcome.found is Found.FOUND:
        return Decision(State(verified_at=now), regular)
    if outcome.found is Found.UNPROVEN:
        after = State(state.verified_at, state.deletion_at, state.failures + 1)
        return Decision(after, now + _wait(after.failures, outcome.retry_after_s, interval))
    if state.deletion_at is not None and now >= state.deletion_at:
        return Decision(state, regular, is_over=True)
    deletion_at = now + grace if state.deletion_at is None else state.deletion_at
    return Decision(State(state.verified_at, deletion_at), min(regular, deletion_at))


def _wait(failures: int, retry_after_s: int | None, interval: timedelta) -> timedelta:
    doubled: int = 2 ** min(failures - 1, 16)
    wait = min(interval, FIRST_RETRY * doubled)
    asked = min(LONGEST_WAIT, timedelta(seconds=retry_after_s or 0))
    return max(wait, asked)
