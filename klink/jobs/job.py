"""What a job is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from klink.core.context import Context
from klink.jobs.pace import Pace


@dataclass(frozen=True, slots=True)
class JobSettings:
    """The part of the configuration that jobs depend on.

    :param enabled: whether this process runs jobs by the clock.
    :param keep_clicks_days: how long single clicks are kept.
    """

    enabled: bool = True
    expire_every_s: float = 60.0
    keep_clicks_days: int = 400


@dataclass(frozen=True, slots=True)
class JobReport:
    """What one run did: how many of what."""

    counts: dict[str, int]


@dataclass(frozen=True, slots=True)
class Job:
    """One row of the table.

    :param about: what it does, in one line.
    :param every_s: seconds between two runs by the clock.
    :param work: does all that is due at ``ctx.now``, in steps at the pace it is given.
    """

    name: str
    about: str
    every_s: Callable[[JobSettings], float]
    work: Callable[[Context, JobSettings, Pace], JobReport]
