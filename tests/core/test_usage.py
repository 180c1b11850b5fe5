"""Windows and counts of plans: they turn at the right second and survive a restart."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from klink.core import errors, keys, usage
from klink.core.plans import Plan
from klink.core.principal import Principal
from klink.core.usage import Meter
from klink.db import connection
from klink.db.models import ApiKey, Usage
from tests.core.conftest import World


@pytest.fixture
def keyed(world: World, owner: Principal) -> Principal:
    assert owner.user_id is not None
    view, _ = keys.create(
        world.ctx, workspace_id=owner.workspace_id, user_id=owner.user_id, name="k"
    )
    return replace(owner, key_id=view.id, plan=Plan("small", 3, 5, 6))


def at(world: World, moment: str) -> World:
    return World(replace(world.ctx, now=datetime.fromisoformat(moment).replace(tzinfo=UTC)), [])


def test_minute_hour_and_month_turn_at_their_second(world: World, keyed: Principal) -> None:
    meter = Meter()
    early = at(world, "2026-01-31T22:59:59").ctx
    for _ in range(3):
        meter.take(early, keyed)
    with pytest.raises(errors.RateLimited) as caught:
        meter.take(early, keyed)
    assert caught.value.retry_after_s == 1
    next_hour = at(world, "2026-01-31T23:00:00").ctx
    for _ in range(3):
        meter.take(next_hour, keyed)
    with pytest.raises(errors.RateLimited, match="month") as caught:
        meter.take(at(world, "2026-01-31T23:58:00").ctx, keyed)
    assert caught.value.retry_after_s == 120
    assert meter.take(at(world, "2026-02-01").ctx, keyed)


def test_a_refused_request_counts_nothing(world: World, keyed: Principal) -> None:
    meter = Meter()
    for _ in range(3):
        meter.take(world.ctx, keyed)
    for _ in range(5):
        with pytest.raises(errors.RateLimited):
            meter.take(world.ctx, keyed)
    assert meter.used(world.ctx, keyed) == {"minute": 3, "hour": 3, "month": 3}


def test_the_tightest_window_comes_first(world: World, keyed: Principal) -> None:
    windows = Meter().take(world.ctx, keyed)
    assert [(w.name, w.limit, w.remaining) for w in windows] == [
        ("minute", 3, 2),
        ("hour", 5, 4),
        ("month", 6, 5),
    ]
    assert windows[0].resets_at == world.ctx.now.replace(second=0) + timedelta(minutes=1)
    assert Meter().take(world.ctx, replace(keyed, plan=Plan("free"))) == []


def test_a_failed_request_leaves_the_month_untouched(world: World, keyed: Principal) -> None:
    meter = Meter()
    meter.take(world.ctx, keyed)
    meter.give_back(world.ctx, keyed)
    assert meter.used(world.ctx, keyed) == {"minute": 1, "hour": 1, "month": 0}


def test_the_month_is_counted_for_the_whole_workspace(world: World, keyed: Principal) -> None:
    meter = Meter()
    other = replace(keyed, key_id=(keyed.key_id or 0) + 1, plan=Plan("big", requests_per_month=2))
    meter.take(world.ctx, keyed)
    meter.take(world.ctx, keyed)
    with pytest.raises(errors.RateLimited):
        meter.take(world.ctx, other)


def test_the_workspaces_plan_caps_too(world: World, keyed: Principal) -> None:
    capped = replace(keyed, workspace_plan=Plan("tiny", requests_per_minute=1))
    meter = Meter()
    meter.take(world.ctx, capped)
    with pytest.raises(errors.RateLimited):
        meter.take(world.ctx, capped)
    with pytest.raises(errors.PlanForbidsApi):
        meter.take(world.ctx, replace(keyed, workspace_plan=Plan("shut", api_access=False)))


def test_counts_survive_a_restart(world: World, keyed: Principal) -> None:
    first = Meter()
    first.take(world.ctx, keyed)
    first.flush()
    first.take(world.ctx, keyed)
    first.flush()
    first.flush()
    second = Meter()
    second.take(world.ctx, keyed)
    with pytest.raises(errors.RateLimited):
        second.take(world.ctx, keyed)
    assert ApiKey.get_by_id(keyed.key_id).last_used_at == world.ctx.now


def test_two_processes_add_up_what_they_save(world: World, keyed: Principal) -> None:
    one, two = Meter(), Meter()
    one.take(world.ctx, keyed)
    two.take(world.ctx, keyed)
    one.flush()
    two.flush()
    assert {row.count for row in Usage.select()} == {2}


def test_two_processes_see_each_others_requests_once_they_have_saved(
    world: World, keyed: Principal
) -> None:
    one, two = Meter(), Meter()
    one.take(world.ctx, keyed)
    two.take(world.ctx, keyed)
    one.flush()
    two.flush()
    two.take(world.ctx, keyed)
    assert two.used(world.ctx, keyed)["minute"] == 3
    with pytest.raises(errors.RateLimited):
        two.take(world.ctx, keyed)
    two.flush()
    one.flush()
    with pytest.raises(errors.RateLimited):  # though nothing new had come to this one
        one.take(world.ctx, keyed)
    two.give_back(world.ctx, keyed)
    two.flush()
    one.flush()
    assert one.used(world.ctx, keyed) == {"minute": 3, "hour": 3, "month": 2}


def test_what_comes_while_the_rest_is_saved_is_counted_once(world: World, keyed: Principal) -> None:
    class Slow(Meter):
        def _save(self, *what: Any) -> dict[Any, int]:
            totals = super()._save(*what)
            self.take(world.ctx, keyed)
            return totals

    meter = Slow()
    meter.take(world.ctx, keyed)
    meter.flush()
    assert meter.used(world.ctx, keyed)["hour"] == 2
    assert {row.count for row in Usage.select()} == {1}
    Meter.take(meter, world.ctx, keyed)
    assert meter.used(world.ctx, keyed)["hour"] == 3


def test_the_last_request_of_a_window_goes_to_one(world: World, keyed: Principal) -> None:
    meter, won = Meter(), []

    def ask() -> None:
        try:
            meter.take(world.ctx, keyed)
            won.append(1)
        except errors.RateLimited:
            pass
        finally:
            connection.close_thread()

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 3


def test_the_last_use_is_written_at_most_once_a_minute(world: World, keyed: Principal) -> None:
    meter = Meter()
    for seconds in (0, 30, 59, 61):
        meter.take(replace(world.later(timedelta(seconds=seconds))), replace(keyed, plan=Plan("p")))
        meter.flush()
    assert ApiKey.get_by_id(keyed.key_id).last_used_at == world.ctx.now + timedelta(seconds=61)


def test_old_windows_are_pruned(world: World, keyed: Principal) -> None:
    meter = Meter()
    meter.take(world.ctx, keyed)
    meter.flush()
    assert usage.prune(world.ctx.now + timedelta(days=1)) == 0
    assert usage.prune(world.ctx.now + timedelta(days=100)) == 3


# Strangers: requests without a valid key


@pytest.mark.parametrize("window", ["minute", "hour", "month"])
def test_a_refusal_says_which_window_is_used_up(
    world: World, keyed: Principal, window: str
) -> None:
    meter = Meter()
    plans = {
        "minute": Plan("one", requests_per_minute=1),
        "hour": Plan("one", requests_per_hour=1),
        "month": Plan("one", requests_per_month=1),
    }
    one = replace(keyed, plan=plans[window])
    meter.take(world.ctx, one)
    with pytest.raises(errors.RateLimited) as caught:
        meter.take(world.ctx, one)
    assert caught.value.window == window


def test_a_window_can_be_held_against_another_limit(world: World, keyed: Principal) -> None:
    meter, now = Meter(), at(world, "2026-01-31T22:59:59").ctx
    meter.take(now, keyed)
    shown = meter.against(now, keyed, "hour", 1_000)
    assert (shown.name, shown.limit, shown.remaining) == ("hour", 1_000, 999)
    assert shown.resets_at == datetime(2026, 1, 31, 23, tzinfo=UTC)
    assert meter.against(now, keyed, "hour", 1).remaining == 0
