"""The simulated week: every job has work in it, and runs as often as its interval comes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from klink.core.context import Context, Settings
from klink.core.principal import Principal
from klink.jobs import JOBS
from scripts.week.measuring import order_of
from scripts.week.outside import Outside
from scripts.week.work import WORK
from scripts.week.world import World

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)


@pytest.fixture
def world(tmp_path: Path) -> World:
    settings = Settings("https://go.example.org", {}, {}, 10, b"s" * 32)
    who = Principal(1, 1, None, "cli")
    return World(tmp_path, Context(NOW, settings), who, 7, Outside((), {}), range(100, 200))


def test_every_job_has_a_row_that_prepares_work_for_it() -> None:
    assert set(WORK) == {job.name for job in JOBS}


@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
def test_the_runs_of_a_job_fill_the_day_and_begin_where_the_day_before_ended(job, world: World):
    first, second = order_of(job, world, 0), order_of(job, world, 1)
    assert first.runs >= 1
    last = datetime.fromisoformat(first.begins_at) + timedelta(
        seconds=first.every_s * (first.runs - 1)
    )
    assert NOW < last <= NOW + timedelta(days=1)
    assert datetime.fromisoformat(second.begins_at) > last


def test_what_is_spread_lies_within_the_week_and_in_order(world: World) -> None:
    times = list(world.spread(10))
    assert times == sorted(times)
    assert times[0] > NOW
    assert times[-1] < NOW + timedelta(days=7)


def test_no_link_is_taken_twice_or_visited(world: World) -> None:
    visited = list(world.links[: world.visited])
    taken = [*world.take(40), *world.take(50)]
    assert sorted(visited + taken) == list(world.links)
    with pytest.raises(IndexError, match="only 0 of 1 links"):
        world.take(1)
