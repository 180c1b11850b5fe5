"""The change log: every process hears of every change, once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from klink.core import changes
from klink.core.changes import Follower
from klink.core.context import Changed
from klink.db import connection
from klink.db.models import Change
from tests.core.conftest import World


def log(world: World, slug: str, after: timedelta = timedelta()) -> None:
    with connection.write():
        changes.record(world.later(after), Changed("link", 1, 1, slug))


def test_a_follower_hears_each_change_once(world: World) -> None:
    log(world, "before")
    follower = Follower()
    follower.start()
    assert follower.poll(world.ctx.now) == []
    log(world, "one")
    log(world, "two")
    assert [c.slug for c in follower.poll(world.ctx.now)] == ["one", "two"]
    assert follower.poll(world.ctx.now) == []
    later = timedelta(minutes=5)
    log(world, "three", later)
    assert [c.slug for c in follower.poll(world.ctx.now + later)] == ["three"]
    assert follower.poll(world.ctx.now + 2 * later) == []


def test_a_smaller_number_that_commits_later_is_heard_too(world: World, engine: str) -> None:
    if engine == "sqlite":  # where it cannot happen: one writer at a time
        return
    follower = Follower()
    follower.start()
    Change.insert(seq=11, at=world.ctx.now, kind="link", slug="late-number").execute()
    assert [c.slug for c in follower.poll(world.ctx.now)] == ["late-number"]
    Change.insert(seq=10, at=world.ctx.now, kind="link", slug="early-number").execute()
    assert [c.slug for c in follower.poll(world.ctx.now)] == ["early-number"]


def test_the_log_is_pruned(world: World) -> None:
    began = datetime.now(UTC)
    log(world, "old")
    assert changes.prune(began) == 0
    assert changes.prune(began + timedelta(minutes=1)) == 1
