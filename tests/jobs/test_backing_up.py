"""The job makes a backup when the newest has got old, and lets go of what need not stay."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from klink.backups import BackupFailed, BackupPlan, Keep, Source, listed
from klink.core.context import Context
from klink.jobs import JOBS, JobSettings, Pace, RunLog, run
from tests.jobs.conftest import NOW, Site

(JOB,) = (job for job in JOBS if job.name == "backup")


@pytest.fixture
def plan(site: Site, tmp_path: Path) -> BackupPlan:
    """A backup an hour, of which two stay; they are not tried, which takes a process."""
    source = Source(tmp_path / "data", "1.2.3", check=lambda *_: None)
    return BackupPlan(source, tmp_path / "backups", Keep(hourly=2, daily=0, weekly=0))


def do(plan: BackupPlan, ctx: Context, *, by_hand: bool = False, pace: Pace | None = None):
    settings = JobSettings(backups=plan, everything=by_hand)
    done = run(JOB, ctx, settings, RunLog(), pace)
    assert done is not None
    return done.counts


def test_one_is_made_when_the_newest_is_old_and_old_ones_go(site: Site, plan: BackupPlan) -> None:
    nothing, one = {"backups": 0, "deleted": 0}, {"backups": 1, "deleted": 0}
    assert do(plan, site.ctx) == one
    assert do(plan, site.later(minutes=59)) == nothing
    assert do(plan, site.later(minutes=60)) == one
    assert do(plan, site.later(minutes=121)) == {"backups": 1, "deleted": 1}
    assert [each.at - NOW for each in listed(plan.folder)] == [
        timedelta(minutes=121),
        timedelta(minutes=60),
    ]


def test_by_hand_one_is_made_at_any_time_by_the_clock_only_where_it_is_to(
    site: Site, plan: BackupPlan
) -> None:
    off = replace(plan, enabled=False)
    assert do(off, site.ctx)["backups"] == 0
    assert do(off, site.ctx, by_hand=True)["backups"] == 1
    assert do(plan, site.later(seconds=1), by_hand=True)["backups"] == 1


def test_a_clock_that_is_set_back_does_not_end_backups(site: Site, plan: BackupPlan) -> None:
    assert do(plan, site.later(days=30))["backups"] == 1
    assert do(plan, site.ctx)["backups"] == 1
    assert do(plan, site.later(minutes=1))["backups"] == 0


def test_a_backup_that_fails_takes_no_other_with_it(site: Site, plan: BackupPlan) -> None:
    for hours in (0, 1):
        do(plan, site.later(hours=hours))
    before = set(plan.folder.iterdir())

    def no_good(*_: object) -> None:
        raise BackupFailed("no room")

    failing = replace(
        plan, source=replace(plan.source, check=no_good), keep=Keep(hourly=0, daily=0, weekly=0)
    )
    log = RunLog()
    with pytest.raises(BackupFailed):
        run(JOB, site.later(hours=2), JobSettings(backups=failing), log)
    assert log.last()["backup"].error == "no room"
    assert set(plan.folder.iterdir()) == before


def test_the_end_of_the_server_ends_it_and_nothing_is_left(site: Site, plan: BackupPlan) -> None:
    stop = threading.Event()
    stop.set()
    assert do(plan, site.ctx, pace=Pace(stop)) == {"backups": 0, "deleted": 0}
    assert list(plan.folder.iterdir()) == []


def test_where_no_backups_are_kept_there_is_nothing_to_do(site: Site) -> None:
    done = run(JOB, site.ctx, JobSettings(), RunLog())
    assert done is not None
    assert done.counts == {"backups": 0, "deleted": 0}
