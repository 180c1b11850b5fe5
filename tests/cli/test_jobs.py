from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from klink.cli.output import cell
from klink.core.context import Context
from klink.core.errors import DatabaseBusy
from klink.core.links import NewLink, create
from klink.core.principal import Principal
from klink.db import connection
from klink.db.models import Link
from klink.jobs import JOBS, Job, JobReport, JobSettings, Pace, RunLog, run
from tests.cli.conftest import Klink, core

OWNER = Principal(1, 1, None, "cli")


def test_every_job_is_listed_with_how_its_last_run_went(klink: Klink, here: Path):
    listed = klink("jobs", "list", "--json").json
    assert [each["name"] for each in listed] == [job.name for job in JOBS]
    assert {each["last"] for each in listed} == {None}
    assert listed[0].keys() == {"name", "about", "every_s", "last"}
    table = klink("jobs", "list").out
    for job in JOBS:
        assert job.name in table
        assert job.about in table
    klink("jobs", "run", "clean-up")
    last = {each["name"]: each["last"] for each in klink("jobs", "list", "--json").json}
    assert last["clean-up"]["counts"].keys() >= {"answers", "windows", "changes", "anonymous"}
    assert last["clean-up"]["error"] is None
    assert last["prune-clicks"] is None
    assert "0 answers, 0 windows, 0 changes" in klink("jobs", "list").out


def test_a_job_runs_until_nothing_is_left(klink: Klink, here: Path):
    with core(here) as ctx:
        for _ in range(120):
            create(ctx, OWNER, NewLink(url="https://example.com/"))
        with connection.write():
            Link.update(expires_at=ctx.now - timedelta(hours=1)).execute()
    assert klink("jobs", "run", "expire-links").line == "expire-links: 120 links"
    done = klink("jobs", "run", "expire-links", "--json").json
    assert (done["name"], done["counts"], done["error"]) == ("expire-links", {"links": 0}, None)
    assert done.keys() == {
        "name",
        "started_at",
        "duration_ms",
        "counts",
        "error",
        "longest_step_ms",
        "next_at",
        "runs",
        "failures",
        "last_error",
        "last_error_at",
        "last_success_at",
    }


def test_the_list_tells_when_a_job_runs_next_and_why_it_failed_last(klink: Klink, here: Path):
    def fail(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
        raise DatabaseBusy

    job = Job("clean-up", "fails", lambda _: 60.0, fail)
    with core(here) as ctx:
        with pytest.raises(DatabaseBusy):
            run(job, ctx, JobSettings(), RunLog(), next_at=ctx.now + timedelta(hours=1))
        failed_at, next_at = (cell(at) for at in (ctx.now, ctx.now + timedelta(hours=1)))
    klink("jobs", "run", "clean-up")
    listed = {each["name"]: each["last"] for each in klink("jobs", "list", "--json").json}
    last = listed["clean-up"]
    assert (last["runs"], last["failures"], last["next_at"]) == (2, 1, next_at)
    [line] = [each for each in klink("jobs", "list").out.splitlines() if "clean-up" in each]
    assert f"{next_at}  {failed_at}: {DatabaseBusy()}" in line


def test_a_job_that_another_process_runs_is_refused(
    klink: Klink, here: Path, database_url: str, engine: str
):
    if engine == "sqlite":  # it has one server, and the steps of two runs take turns
        assert klink("jobs", "run", "clean-up").status == 0
        return
    with psycopg.connect(database_url) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('klink:job:clean-up', 0))")
        assert "another process" in klink("jobs", "run", "clean-up").refusal
    assert klink("jobs", "run", "clean-up").status == 0
