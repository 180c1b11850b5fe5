"""Running a job, and remembering how it went: in this process, and for others to see."""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import dataclass, replace
from datetime import datetime

from klink.core.context import Context
from klink.core.errors import DatabaseBusy, KlinkError
from klink.core.times import from_ms, to_ms
from klink.db import locks, meta
from klink.jobs.job import Job, JobSettings
from klink.jobs.pace import Pace

log = logging.getLogger(__name__)

_PREFIX = "job:"
_MAX_ERROR = 200


@dataclass(frozen=True, slots=True)
class JobRun:
    """How a job's last run went.

    :param counts: how many of what it did; empty after an error.
    :param error: why it failed, in words without data; None when it did not.
    :param last_error: the same of the last run that failed, which may be long ago.
    """

    name: str
    started_at: datetime
    duration_ms: int
    counts: dict[str, int]
    error: str | None = None
    last_error: str | None = None
    last_error_at: datetime | None = None


class RunLog:
    """The last run of each job, of this process and of the others at this database."""

    def __init__(self) -> None:
        self._own: dict[str, JobRun] = {}
        self._mutex = threading.Lock()

    def record(self, done: JobRun) -> JobRun:
        """Keep a run here and in the database; return it with the last error filled in.

        A database that cannot be written now takes nothing from the job: this process
        remembers, and the next run is written again.
        """
        done = self._with_last_error(done)
        with self._mutex:
            self._own[done.name] = done
        try:
            meta.put(_PREFIX + done.name, _dump(done))
        except DatabaseBusy:
            log.warning("the run of the job %s could not be recorded", done.name)
        return done

    def last(self) -> dict[str, JobRun]:
        """The last run of each job that has run, by its name."""
        try:
            found = [_load(name, text) for name, text in meta.under(_PREFIX).items()]
        except DatabaseBusy:
            found = []
        newest = {run.name: run for run in found}
        with self._mutex:
            for name, own in self._own.items():
                if name not in newest or newest[name].started_at <= own.started_at:
                    newest[name] = own
        return newest

    def _with_last_error(self, done: JobRun) -> JobRun:
        if done.error is not None:
            return replace(done, last_error=done.error, last_error_at=done.started_at)
        before = self.last().get(done.name)
        if before is None:
            return done
        return replace(done, last_error=before.last_error, last_error_at=before.last_error_at)


def run(
    job: Job, ctx: Context, settings: JobSettings, runs: RunLog, pace: Pace | None = None
) -> JobRun | None:
    """Run a job until nothing is left to do, and record how it went.

    :returns: None when another process is at this job.
    :raises Exception: whatever the job met, once it is recorded.
    """
    began = time.perf_counter()
    try:
        with locks.held(f"klink:job:{job.name}") as mine:
            if not mine:
                return None
            counts = job.work(ctx, settings, pace or Pace()).counts
    except Exception as error:
        runs.record(JobRun(job.name, ctx.now, _ms_since(began), {}, _words(error)))
        raise
    return runs.record(JobRun(job.name, ctx.now, _ms_since(began), counts))


def _ms_since(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)


def _words(error: Exception) -> str:
    """The error for people; a stranger's text may hold a visitor's data and stays in the log."""
    if isinstance(error, KlinkError):
        return str(error)[:_MAX_ERROR]
    return f"{type(error).__name__}; the log says more"


def _dump(done: JobRun) -> str:
    return json.dumps(
        {
            "started_at": to_ms(done.started_at),
            "duration_ms": done.duration_ms,
            "counts": done.counts,
            "error": done.error,
            "last_error": done.last_error,
            "last_error_at": None if done.last_error_at is None else to_ms(done.last_error_at),
        }
    )


def _load(name: str, text: str) -> JobRun:
    told = json.loads(text)
    error_at = told["last_error_at"]
    return JobRun(
        name=name,
        started_at=from_ms(told["started_at"]),
        duration_ms=told["duration_ms"],
        counts=told["counts"],
        error=told["error"],
        last_error=told["last_error"],
        last_error_at=None if error_at is None else from_ms(error_at),
    )
