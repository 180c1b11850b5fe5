from __future__ import annotations

import logging
import threading
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from klink.core import audit_log
from klink.core.audit_log import AuditQuery
from klink.core.context import Context
from klink.core.errors import Conflict, NotFound, TooBusy
from klink.jobs import Job, JobReport, JobSettings, Pace
from klink.jobs.by_hand import run_now
from klink.scheduler import Scheduler
from tests.jobs.conftest import NOW, Site

SOON_S = 0.01


def job(name: str, work) -> Job:
    return Job(name, f"the job {name}", lambda _: 0.02, work)


class Signal:
    """A job that says when it has run, and how often."""

    def __init__(self) -> None:
        self.runs = 0
        self.twice = threading.Event()

    def __call__(self, ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
        self.runs += 1
        if self.runs >= 2:
            self.twice.set()
        return JobReport({"runs": 1})


def test_jobs_run_by_the_clock_and_their_runs_are_seen(site: Site):
    signal = Signal()
    scheduler = Scheduler(
        lambda: site.ctx, JobSettings(), [job("tick", signal)], first_run_s=SOON_S
    )
    before = scheduler.status()[0]
    assert (before.name, before.next_at, before.last) == ("tick", None, None)
    scheduler.start()
    assert signal.twice.wait(30)
    status = scheduler.status()[0]
    scheduler.stop()
    assert status.last is not None
    assert (status.last.started_at, status.last.counts) == (NOW, {"runs": 1})
    assert status.next_at is not None
    assert status.every_s == 0.02


def test_a_job_that_fails_is_logged_and_does_not_end_the_clock(site: Site, caplog):
    signal = Signal()

    def fail(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
        signal(ctx, settings, pace)
        raise RuntimeError("broken")

    scheduler = Scheduler(lambda: site.ctx, JobSettings(), [job("bad", fail)], first_run_s=SOON_S)
    with caplog.at_level(logging.WARNING):
        scheduler.start()
        assert signal.twice.wait(30)
        scheduler.stop()
    assert "job bad failed" in caplog.text
    last = scheduler.status()[0].last
    assert last is not None
    assert last.error == "RuntimeError; the log says more"
    assert not [record for record in caplog.records if record.name.startswith("apscheduler")]


def test_a_clock_that_is_set_back_by_years_holds_no_job_up(site: Site):
    signal = Signal()
    scheduler = Scheduler(
        lambda: site.ctx,
        JobSettings(),
        [job("tick", signal)],
        first_run_s=10 * 365 * 86_400,  # what was soon by the clock before
        look_every_s=SOON_S,
    )
    scheduler.start()
    assert signal.twice.wait(30)
    scheduler.stop()


def test_a_running_job_ends_soon_after_the_clock_is_stopped(site: Site):
    running = threading.Event()

    def endless(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
        def steps():
            while True:
                running.set()
                yield 1

        return JobReport({"steps": pace.total(steps())})

    scheduler = Scheduler(
        lambda: site.ctx, JobSettings(), [job("endless", endless)], first_run_s=SOON_S
    )
    scheduler.start()
    assert running.wait(30)
    began = time.monotonic()
    scheduler.stop()
    assert time.monotonic() - began < 10
    last = scheduler.status()[0].last
    assert last is not None
    assert last.counts["steps"] >= 1
    scheduler.stop()


def test_a_long_job_holds_no_other_up(site: Site):
    over = threading.Event()
    waiting = threading.Semaphore(0)
    short = Signal()

    def wait(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
        waiting.release()
        over.wait(30)
        return JobReport({})

    long_ones = [replace(job(f"long{i}", wait), is_long=True) for i in range(5)]
    jobs = [*long_ones, job("short", short)]
    scheduler = Scheduler(lambda: site.ctx, JobSettings(), jobs, first_run_s=SOON_S)
    scheduler.start()
    for _ in long_ones:  # each has begun, though none has ended
        assert waiting.acquire(timeout=30)
    assert short.twice.wait(30)
    running = {status.name for status in scheduler.status() if status.is_running}
    over.set()
    scheduler.stop()
    assert running >= {each.name for each in long_ones}
    assert not any(status.is_running for status in scheduler.status())


def test_a_run_by_the_clock_writes_down_when_the_next_is(site: Site):
    signal = Signal()
    scheduler = Scheduler(
        lambda: site.ctx, JobSettings(), [job("tick", signal)], first_run_s=SOON_S
    )
    scheduler.start()
    assert signal.twice.wait(30)
    scheduler.stop()
    last = scheduler.status()[0].last
    assert last is not None
    assert last.next_at == NOW + timedelta(seconds=0.02)


def test_nothing_runs_when_jobs_are_switched_off(site: Site):
    scheduler = Scheduler(lambda: site.ctx, JobSettings(enabled=False), first_run_s=0)
    scheduler.start()
    assert {status.next_at for status in scheduler.status()} == {None}
    scheduler.stop()


def test_first_runs_are_spread(site: Site):
    scheduler = Scheduler(lambda: site.ctx, JobSettings(), first_run_s=1000)
    scheduler.start()
    times = [status.next_at for status in scheduler.status()]
    scheduler.stop()
    assert None not in times
    assert len(set(times)) == len(times)


class Held:
    """A job that goes on until a test lets it end, and what it was told."""

    def __init__(self) -> None:
        self.begun = threading.Semaphore(0)
        self.over = threading.Event()
        self.told: list[bool] = []

    def __call__(self, ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
        self.told.append(settings.everything)
        self.begun.release()
        while not pace.is_stopped and not self.over.wait(0.01):
            pass
        return JobReport({"runs": len(self.told)})


def until_idle(scheduler: Scheduler) -> None:
    deadline = time.monotonic() + 30
    while any(each.is_running for each in scheduler.status()):
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_job_runs_now_when_somebody_asks(site: Site):
    work = Held()
    scheduler = Scheduler(lambda: site.ctx, JobSettings(enabled=False), [job("asked", work)])
    scheduler.run_now("asked")
    assert work.begun.acquire(timeout=30)
    assert scheduler.status()[0].is_running
    with pytest.raises(Conflict, match="running already"):
        scheduler.run_now("asked")
    work.over.set()
    until_idle(scheduler)
    last = scheduler.status()[0].last
    assert last is not None
    assert (last.counts, last.next_at) == ({"runs": 1}, None)
    assert work.told == [True]
    scheduler.run_now("asked")
    until_idle(scheduler)
    assert work.told == [True, True]
    scheduler.stop()


def test_few_jobs_run_by_hand_at_once_and_an_unknown_one_never(site: Site):
    work = Held()
    jobs = [job(name, work) for name in ("one", "two", "three")]
    scheduler = Scheduler(lambda: site.ctx, JobSettings(enabled=False), jobs)
    with pytest.raises(NotFound):
        scheduler.run_now("four")
    scheduler.run_now("one")
    scheduler.run_now("two")
    with pytest.raises(TooBusy):
        scheduler.run_now("three")
    scheduler.stop()
    assert len(work.told) == 2
    with pytest.raises(Conflict, match="stopping"):
        scheduler.run_now("three")


def test_the_clock_begins_no_run_of_a_job_that_runs_by_hand(site: Site):
    work, signal = Held(), Signal()
    jobs = [job("asked", work), job("tick", signal)]
    scheduler = Scheduler(lambda: site.ctx, JobSettings(), jobs, first_run_s=SOON_S)
    scheduler.run_now("asked")
    assert work.begun.acquire(timeout=30)
    scheduler.start()
    assert signal.twice.wait(30)
    assert work.told == [True]
    work.over.set()
    assert work.begun.acquire(timeout=30)  # now the clock may
    scheduler.stop()
    assert work.told[1] is False


def test_who_ran_a_job_by_hand_is_written_down(site: Site):
    asked: list[str] = []
    run_now(site.ctx, site.owner, "clean-up", asked.append)
    assert asked == ["clean-up"]

    def refuse(name: str) -> None:
        raise Conflict("no")

    with pytest.raises(Conflict):
        run_now(site.ctx, site.owner, "clean-up", refuse)
    (entry,) = audit_log.search(site.owner, AuditQuery(action="job.run")).items
    assert (entry.subject.label, entry.actor.name) == ("clean-up", "owner@localhost")
