"""Requests without a valid key: a window for each address, in memory alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from klink.core import errors
from klink.core import strangers as module
from klink.core.strangers import Strangers
from klink.db.models import Usage
from tests.core.conftest import World


def at(world: World, moment: str) -> World:
    return World(replace(world.ctx, now=datetime.fromisoformat(moment).replace(tzinfo=UTC)), [])


def test_a_stranger_has_a_window_of_their_address(world: World) -> None:
    strangers = Strangers()
    early = at(world, "2026-01-31T22:59:59").ctx
    assert strangers.window(early, "203.0.113.7", "hour", 2).remaining == 2
    first = strangers.take(early, "203.0.113.7", "hour", 2)
    assert (first.name, first.limit, first.remaining, first.length_s) == ("hour", 2, 1, 3600)
    assert first.resets_at == datetime(2026, 1, 31, 23, tzinfo=UTC)
    strangers.take(early, "203.0.113.7", "hour", 2)
    for _ in range(3):
        with pytest.raises(errors.RateLimited) as caught:
            strangers.take(early, "203.0.113.7", "hour", 2)
        assert (caught.value.retry_after_s, caught.value.window) == (1, "hour")
    assert strangers.window(early, "203.0.113.7", "hour", 2).remaining == 0
    assert strangers.take(early, "203.0.113.8", "hour", 2).remaining == 1
    assert strangers.take(early, "203.0.113.7", "minute", 2).remaining == 1
    later = at(world, "2026-01-31T23:00:00").ctx
    assert strangers.take(later, "203.0.113.7", "hour", 2).remaining == 1


def test_a_64_of_ipv6_is_one_stranger_and_a_mapped_address_is_its_own(world: World) -> None:
    strangers = Strangers()
    assert strangers.take(world.ctx, "2001:db8::1", "hour", 9).remaining == 8
    assert strangers.take(world.ctx, "2001:db8::ffff:1", "hour", 9).remaining == 7
    assert strangers.take(world.ctx, "2001:db8:0:1::1", "hour", 9).remaining == 8
    assert strangers.take(world.ctx, "203.0.113.7", "hour", 9).remaining == 8
    assert strangers.take(world.ctx, "::ffff:203.0.113.7", "hour", 9).remaining == 7


def test_nothing_of_strangers_is_stored(world: World) -> None:
    Strangers().take(world.ctx, "203.0.113.7", "hour", 1)
    assert Usage.select().count() == 0


def test_only_so_many_strangers_are_remembered(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST", 3)
    strangers = Strangers()
    for number in range(5):
        strangers.take(world.ctx, f"198.51.100.{number}", "hour", 5)
    left = [strangers.window(world.ctx, f"198.51.100.{n}", "hour", 5).remaining for n in range(5)]
    assert left == [5, 5, 4, 4, 4]
