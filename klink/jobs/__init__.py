"""Work that klink does by itself: one readable table, how a job is run, and what is kept of it."""

from __future__ import annotations

from klink.jobs.job import Job, JobReport, JobSettings
from klink.jobs.pace import Pace
from klink.jobs.runs import JobRun, RunLog, run
from klink.jobs.status import JobStatus
from klink.jobs.table import JOBS

__all__ = [
    "JOBS",
    "Job",
    "JobReport",
    "JobRun",
    "JobSettings",
    "JobStatus",
    "Pace",
    "RunLog",
    "run",
]
