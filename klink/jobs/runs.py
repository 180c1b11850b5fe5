"""Running a job, and remembering how it went: in this process, and for others to see."""

from __future__ import annotations

import json
import logging
import threading
import time
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime

from klink.core.context import Context
from klink.core.errors import DatabaseBusy, KlinkError
from klink.core.times import from_ms, to_ms
from klink.db import locks, meta
from klink.db.connection import lock, write
from klink.jobs.job import Job, JobSettings
from klink.jobs.pace import Pace

log = logging.getLogger(__name__)

_PREFIX = "job:"
_MAX_ERROR = 200


@dataclass(frozen=True, slots=True)
class JobRun:
    """How a job's last run went, and those before it.

    :param counts: how many of what it did; empty after an error.
    :param error: why it failed, in words without data; None when it did not.
    :param longest_step_ms: how long its longest step took, a transaction as a rule.
    :param next_at: when about a clock runs it next, as the last run by a clock knew it.
    :param runs: how many runs there were since the database was made, this one among them.
    :param failures: how many of these failed.
    :param last_error: why the last one that failed did, which may be long ago.
    :param last_success_at: when the last one that did not fail began.
    """

    name: str
    started_at: datetime
    duration_ms: int
    counts: dict[str, int]
    error: str | None = None
    longest_step_ms: int = 0
    next_at: datetime | None = None
    runs: int = 1
    failures: int = 0
    last_error: str | None = None
    last_error_at: datetime | None = None
    last_success_at: datetime | None = None


_FIELDS = tuple(each.name for each in fields(JobRun) if each.name != "name")
_TIMES = ("started_at", "next_at", "last_error_at", "last_success_at")


class RunLog:
    """The last run of each job, of this process and of the others at this database."""

    def __init__(self) -> None:
        self._own: dict[str, JobRun] = {}
        self._mutex = threading.Lock()

    def record(self, done: JobRun) -> JobRun:
        """Keep a run here and in the database; return it with what was before it filled in.

        A database that cannot be written now takes nothing from the job: this process
        remembers, and the next run is written again.
        """
        try:
            with write():  # of two processes that ran it, neither forgets the other's run
                lock(_PREFIX + done.name)
                after = self._after(self.last().get(done.name), done)
                meta.put(_PREFIX + done.name, _dump(after))
        except DatabaseBusy:
            log.warning("the run of the job %s could not be recorded", done.name)
            after = self._after(self._remembered(done.name), done)
        with self._mutex:
            self._own[done.name] = after
        return after

    def last(self) -> dict[str, JobRun]:
        """The last run of each job that has run, by its name."""
        try:
            found = [_load(name, text) for name, text in meta.under(_PREFIX).items()]
        except DatabaseBusy:
            found = []
        newest = {run.name: run for run in found}
        with self._mutex:
            for name, own in self._own.items():
                if name not in newest or newest[name].runs <= own.runs:
                    newest[name] = own
        return newest

    def _remembered(self, name: str) -> JobRun | None:
        with self._mutex:
            return self._own.get(name)

    @staticmethod
    def _after(before: JobRun | None, done: JobRun) -> JobRun:
        """A run with what it follows."""
        failed = done.error is not None
        if before is None:
            before = JobRun(done.name, done.started_at, 0, {}, runs=0)
        return replace(
            done,
            next_at=done.next_at or before.next_at,
            runs=before.runs + 1,
            failures=before.failures + failed,
            last_error=done.error if failed else before.last_error,
            last_error_at=done.started_at if failed else before.last_error_at,
            last_success_at=before.last_success_at if failed else done.started_at,
        )


def run(
    job: Job,
    ctx: Context,
    settings: JobSettings,
    runs: RunLog,
    pace: Pace | None = None,
    *,
    next_at: datetime | None = None,
) -> JobRun | None:
    """Run a job until nothing is left to do, and record how it went.

    :param next_at: when it is to run next, if anybody knows.
    :returns: None when another process is at this job.
    :raises Exception: whatever the job met, once it is recorded.
    """
    own_pace = pace or Pace()
    began = time.perf_counter()

    def ended(counts: dict[str, int], error: str | None = None) -> JobRun:
        took_ms, longest_ms = _ms(time.perf_counter() - began), _ms(own_pace.longest_s)
        return runs.record(JobRun(job.name, ctx.now, took_ms, counts, error, longest_ms, next_at))

    try:
        with locks.held(f"klink:job:{job.name}") as mine:
            if not mine:
                return None
            counts = job.work(ctx, settings, own_pace).counts
    except Exception as error:
        ended({}, _words(error))
        raise
    return ended(counts)


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _words(error: Exception) -> str:
    """The error for people; a stranger's text may hold a visitor's data and stays in the log."""
    if isinstance(error, KlinkError):
        return str(error)[:_MAX_ERROR]
    return f"{type(error).__name__}; the log says more"


def _dump(done: JobRun) -> str:
    told: dict[str, object] = asdict(done)
    del told["name"]
    for each in _TIMES:
        at = getattr(done, each)
        told[each] = None if at is None else to_ms(at)
    return json.dumps(told)


def _load(name: str, text: str) -> JobRun:
    told = json.loads(text)
    for each in _TIMES:
        at = told.get(each)
        told[each] = None if at is None else from_ms(at)
    # Other versions of klink may have known less, or more.
    return JobRun(name, **{each: told[each] for each in _FIELDS if each in told})
