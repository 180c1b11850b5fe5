from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest

from klink.core.context import Context
from klink.core.errors import DatabaseBusy
from klink.db import connection, locks, meta
from klink.jobs import Job, JobReport, JobSettings, Pace, RunLog, run
from tests.jobs.conftest import NOW, Site


def job(work, name: str = "test-job") -> Job:
    return Job(name, "a job of the tests", lambda _: 60.0, work)


def succeed(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    return JobReport({"things": pace.total([2, 1])})


def fail(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    raise RuntimeError("secret https://ann:pass@example.com/")


def refuse(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    raise DatabaseBusy


def test_a_run_is_recorded_for_this_process_and_for_others(site: Site):
    runs = RunLog()
    done = run(job(succeed), site.ctx, JobSettings(), runs)
    assert done is not None
    assert (done.started_at, done.counts, done.error) == (NOW, {"things": 3}, None)
    assert done.duration_ms >= 0
    assert runs.last() == {"test-job": done}
    assert RunLog().last() == {"test-job": done}


def test_an_error_is_recorded_in_words_without_data_and_raised(site: Site):
    with pytest.raises(RuntimeError):
        run(job(fail), site.ctx, JobSettings(), RunLog())
    last = RunLog().last()["test-job"]
    assert last.error == last.last_error == "RuntimeError; the log says more"
    assert last.last_error_at == NOW
    assert last.counts == {}
    assert "pass" not in str(meta.under("job:"))


def test_the_last_error_outlives_a_later_success(site: Site):
    runs = RunLog()
    with pytest.raises(DatabaseBusy):
        run(job(refuse), site.ctx, JobSettings(), runs)
    run(job(succeed), site.later(hours=1), JobSettings(), RunLog())
    last = RunLog().last()["test-job"]
    assert last.error is None
    assert last.last_error == str(DatabaseBusy())
    assert last.last_error_at == NOW
    assert last.started_at == NOW + timedelta(hours=1)
    assert runs.last()["test-job"] == last


def test_runs_are_counted_by_outcome_over_all_processes(site: Site):
    with pytest.raises(DatabaseBusy):
        run(job(refuse), site.ctx, JobSettings(), RunLog())
    ours = RunLog()
    for minutes in (1, 2):
        run(job(succeed), site.later(minutes=minutes), JobSettings(), ours)
    with pytest.raises(DatabaseBusy):
        run(job(refuse), site.later(minutes=3), JobSettings(), RunLog())
    last = ours.last()["test-job"]
    assert (last.runs, last.failures) == (4, 2)
    assert last.started_at == last.last_error_at == NOW + timedelta(minutes=3)
    assert last.last_success_at == NOW + timedelta(minutes=2)


def test_when_a_clock_runs_a_job_next_outlives_a_run_by_hand(site: Site):
    at = NOW + timedelta(hours=1)
    run(job(succeed), site.ctx, JobSettings(), RunLog(), next_at=at)
    run(job(succeed), site.later(minutes=1), JobSettings(), RunLog())
    assert RunLog().last()["test-job"].next_at == at


def test_a_run_that_another_version_recorded_is_read(site: Site):
    old = {"started_at": 0, "duration_ms": 5, "counts": {"links": 1}, "error": None, "else": 1}
    meta.put("job:test-job", json.dumps(old))
    assert RunLog().last()["test-job"].counts == {"links": 1}
    done = run(job(succeed), site.ctx, JobSettings(), RunLog())
    assert done is not None
    assert done.runs == 2


def test_the_longest_step_is_known(site: Site):
    pace = Pace()
    assert pace.longest_s == 0
    pace.total([1])
    after_one = pace.longest_s
    assert after_one > 0
    pace.total([1] * 20)
    assert pace.longest_s >= after_one


@contextmanager
def unwritable(engine: str, url: str) -> Iterator[None]:
    """Nobody can write the table of records meanwhile."""
    sql = connection.database.execute_sql
    if engine == "sqlite":
        sql("PRAGMA query_only = ON")
        yield
        sql("PRAGMA query_only = OFF")
        return
    sql("SET lock_timeout = '10ms'")
    with psycopg.connect(url) as other:
        other.execute("LOCK TABLE meta IN SHARE MODE")
        yield
        other.rollback()


def test_a_run_that_cannot_be_written_is_remembered_here(site: Site, engine, db, caplog):
    runs = RunLog()
    with unwritable(engine, db), caplog.at_level(logging.WARNING):
        done = run(job(succeed), site.ctx, JobSettings(), runs)
    assert "could not be recorded" in caplog.text
    assert done is not None
    assert runs.last() == {"test-job": done}
    assert RunLog().last() == {}


def test_a_job_that_is_told_to_stop_ends_after_the_step_it_is_at(site: Site):
    stop = threading.Event()
    taken = []

    def steps():
        for i in range(10):
            taken.append(i)
            if i == 2:
                stop.set()
            yield 1

    assert Pace(stop).total(steps()) == 3
    assert taken == [0, 1, 2]


def test_a_job_leaves_the_database_to_others_between_its_steps(site: Site):
    seen = []

    def work(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
        def steps():
            for i in range(3):
                with connection.write():
                    meta.put("step", str(i))
                yield 1
                seen.append(connection.in_write())

        return JobReport({"steps": pace.total(steps())})

    run(job(work), site.ctx, JobSettings(), RunLog())
    assert seen == [False, False, False]


def test_a_lock_of_a_job_is_held_by_one_session_at_a_time(site: Site, engine: str):
    found = []

    def other():
        with locks.held("klink:job:test-job") as mine:
            found.append(mine)
        connection.close_thread()

    def ask() -> bool:
        thread = threading.Thread(target=other)
        thread.start()
        thread.join()
        return bool(found.pop())

    with locks.held("klink:job:test-job") as mine:
        assert mine
        assert ask() is (engine == "sqlite")  # one process has SQLite's jobs for itself
    assert ask()


def test_a_job_that_another_process_is_at_is_left_to_it(site: Site, engine: str):
    ready, over = threading.Event(), threading.Event()

    def other():
        with locks.held("klink:job:test-job"):
            ready.set()
            over.wait(30)
        connection.close_thread()

    thread = threading.Thread(target=other)
    thread.start()
    ready.wait(30)
    runs = RunLog()
    try:
        done = run(job(succeed), site.ctx, JobSettings(), runs)
    finally:
        over.set()
        thread.join()
    if engine == "postgresql":
        assert done is None
        assert runs.last() == {}
    else:
        assert done is not None
