"""What a job is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from klink.backups import BackupPlan
from klink.core.context import Context
from klink.fetching import Fetcher
from klink.geoip import Updates
from klink.jobs.pace import Pace


@dataclass(frozen=True, slots=True)
class JobSettings:
    """The part of the configuration that jobs depend on.

    :param enabled: whether this process runs jobs by the clock.
    :param keep_clicks_days: how long single clicks are kept.
    :param verify_every_s: how often a link's page is looked at.
    :param check_every_s: how often a destination is checked at most.
    :param fetcher: fetches pages of others.
    :param backups: how backups are made; None: none are.
    :param geoip: the database of countries, and where it comes from; None: it is nobody's to keep.
    :param everything: act on what is not due, too, and ignore back-off: a person asked for it.
    """

    enabled: bool = True
    expire_every_s: float = 60.0
    keep_clicks_days: int = 400
    verify_every_s: float = 21_600.0
    check_every_s: float = 900.0
    fetcher: Fetcher = field(default_factory=lambda: Fetcher("klink"))
    backups: BackupPlan | None = None
    geoip: Updates | None = None
    everything: bool = False


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
    :param is_long: whether a run may take minutes; by the clock it then has a thread of its
        own, so that no other job waits for its end.
    """

    name: str
    about: str
    every_s: Callable[[JobSettings], float]
    work: Callable[[Context, JobSettings, Pace], JobReport]
    is_long: bool = False
