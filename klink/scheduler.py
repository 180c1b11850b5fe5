"""Runs the jobs by the clock, in threads of their own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from klink.core.context import Context
from klink.core.errors import Conflict, KlinkError, NotFound, TooBusy
from klink.db.connection import close_thread
from klink.jobs import JOBS, Job, JobSettings, JobStatus, Pace, RunLog, run

log = logging.getLogger(__name__)

FIRST_RUN_S = 5.0
"""When the first job first runs after the start; each other one this much later."""

LOOK_EVERY_S = 60.0
"""How often it is looked whether somebody has set the system's clock back."""

_THREADS = 2
"""For the jobs that are short. Each long one has a thread of its own besides: most of its time
it waits, for its pace or for somebody else's server."""

_BY_HAND = 2
"""Jobs that may run at once because somebody asked for it."""

_JITTER = 0.1
"""The part of its interval by which a run may come later, so that jobs with the same interval do
not keep step for ever."""

_MAX_JITTER_S = 300.0


class Scheduler:
    """The clock of the jobs; one per process.

    :param context: makes the context of one run, with the time it begins at.
    """

    def __init__(
        self,
        context: Callable[[], Context],
        settings: JobSettings,
        jobs: Sequence[Job] = JOBS,
        *,
        first_run_s: float = FIRST_RUN_S,
        look_every_s: float = LOOK_EVERY_S,
    ) -> None:
        self._context = context
        self._settings = settings
        self._jobs = jobs
        self._first_run_s = first_run_s
        self._look_every_s = look_every_s
        self._runs = RunLog()
        self._running: set[str] = set()
        self._by_hand: dict[str, threading.Thread] = {}
        self._mutex = threading.Lock()
        self._stop = threading.Event()
        self._clock: BackgroundScheduler | None = None
        self._watch = threading.Thread(target=self._look, name="klink-jobs-watch", daemon=True)

    def start(self) -> None:
        """Begin to run the jobs, unless the settings say that this process runs none."""
        if not self._settings.enabled or self._clock is not None:
            return
        # A run that is late or skipped since the last one goes on is no news to anybody.
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        self._clock = BackgroundScheduler(
            timezone=UTC,
            executors={
                "default": ThreadPoolExecutor(_THREADS),
                "long": ThreadPoolExecutor(max(1, sum(job.is_long for job in self._jobs))),
            },
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        now = datetime.now(UTC)
        for i, job in enumerate(self._jobs):
            self._clock.add_job(
                self._run,
                "interval",
                args=(job,),
                id=job.name,
                executor="long" if job.is_long else "default",
                seconds=job.every_s(self._settings),
                jitter=self._jitter_s(job),
                next_run_time=now + timedelta(seconds=self._first_run_s * (i + 1)),
            )
        self._clock.start()
        self._watch.start()

    def stop(self) -> None:
        """Stop the clock; a running job ends after the step it is at. Safe to call twice."""
        self._stop.set()
        clock, self._clock = self._clock, None
        if clock is not None:
            self._watch.join()
            clock.shutdown(wait=True)
        with self._mutex:
            asked_for = list(self._by_hand.values())
        for thread in asked_for:
            thread.join()

    def run_now(self, name: str) -> None:
        """Begin the run that ``klink jobs run NAME`` makes, in a thread of its own.

        How it went is seen where that of all others is. It runs where the clock is off, too.

        :raises NotFound: no such job.
        :raises Conflict: it is running already, or the server ends.
        :raises TooBusy: as many run as may because somebody asked for it.
        """
        job = next((each for each in self._jobs if each.name == name), None)
        if job is None:
            raise NotFound("job")
        with self._mutex:
            if self._stop.is_set():
                raise Conflict("the server is stopping")
            if name in self._running:
                raise Conflict(f"{name} is running already")
            if len(self._by_hand) >= _BY_HAND:
                raise TooBusy(f"{_BY_HAND} jobs run by hand already; wait until one ends")
            self._running.add(name)
            thread = threading.Thread(
                target=self._work,
                args=(job,),
                kwargs={"by_hand": True},
                name=f"klink-job-{name}",
                daemon=True,
            )
            self._by_hand[name] = thread
            thread.start()

    def status(self) -> list[JobStatus]:
        """Every job, in the table's order."""
        last = self._runs.last()
        return [
            JobStatus(
                job.name,
                job.about,
                job.every_s(self._settings),
                job.name in self._running,
                self._next_at(job.name),
                last.get(job.name),
            )
            for job in self._jobs
        ]

    def _jitter_s(self, job: Job) -> float:
        return min(job.every_s(self._settings) * _JITTER, _MAX_JITTER_S)

    def _next_at(self, name: str) -> datetime | None:
        clock = self._clock  # stop() may take it away meanwhile
        entry = clock.get_job(name) if clock is not None else None
        return entry.next_run_time if entry is not None else None

    def _look(self) -> None:
        """Run now what is planned for a time that a clock set back has moved far off.

        This thread waits by the monotonic clock; APScheduler would sleep until that time.
        """
        while not self._stop.wait(self._look_every_s):
            now = datetime.now(UTC)
            for job in self._jobs:
                next_at = self._next_at(job.name)
                furthest = timedelta(seconds=job.every_s(self._settings) + self._jitter_s(job))
                clock = self._clock
                if clock is not None and next_at is not None and next_at - now > furthest:
                    log.info("job %s was planned for %s; it runs now", job.name, next_at)
                    clock.modify_job(job.name, next_run_time=now)

    def _run(self, job: Job) -> None:
        """One run in a thread of the clock's, unless somebody else has begun one."""
        with self._mutex:
            if self._stop.is_set() or job.name in self._running:
                return
            self._running.add(job.name)
        self._work(job)

    def _work(self, job: Job, *, by_hand: bool = False) -> None:
        """Do a job that is noted as running; what goes wrong ends here.

        :param by_hand: somebody has asked for it: what is not due yet is done, too.
        """
        try:
            ctx = self._context()
            # Not asked of the clock: while that stops it waits for this thread, and we for it.
            next_at = ctx.now + timedelta(seconds=job.every_s(self._settings))
            settings = replace(self._settings, everything=True) if by_hand else self._settings
            pace = Pace(self._stop)
            done = run(job, ctx, settings, self._runs, pace, next_at=None if by_hand else next_at)
            if done is None:
                log.info("job %s: another process is at it", job.name)
            elif any(done.counts.values()):
                log.info("job %s: %s in %d ms", job.name, done.counts, done.duration_ms)
        except KlinkError as error:
            log.warning("job %s failed: %s", job.name, error)
        except Exception:
            log.exception("job %s failed", job.name)
        finally:
            close_thread()
            with self._mutex:
                self._running.discard(job.name)
                self._by_hand.pop(job.name, None)
