"""A job, and how it does."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from klink.jobs.runs import JobRun


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job of the table.

    :param is_running: whether this process is at it now.
    :param next_at: when it runs next; None when no clock runs it here.
    :param last: its last run in any process; None when it has never run.
    """

    name: str
    about: str
    every_s: float
    is_running: bool
    next_at: datetime | None
    last: JobRun | None
