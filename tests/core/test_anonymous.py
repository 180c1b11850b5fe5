"""Links without a key: five an address in 24 hours, in a workspace of their own."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from klink.core import anonymous, errors, links, workspaces
from klink.core.context import Context
from klink.core.links import NewLink
from klink.core.principal import Principal
from klink.db import connection
from klink.db.connection import write
from klink.db.models import AnonymousLink, Audit, Link, Workspace
from tests.core.conftest import NOW, World

ADDRESS = "203.0.113.7"
DAY = timedelta(hours=24)


def create(ctx: Context, who: Principal, address: str = ADDRESS, slug: str | None = None) -> None:
    with write():
        anonymous.take(ctx, address)
        links.create(ctx, who, NewLink(url="https://example.com/", slug=slug))


def at_once(many: int, work: object) -> None:
    assert callable(work)

    def run() -> None:
        try:
            work()
        finally:
            connection.close_thread()

    threads = [threading.Thread(target=run) for _ in range(many)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_stranger_may_create_in_the_workspace_anonymous(ctx: Context) -> None:
    who = anonymous.principal(ctx)
    assert workspaces.get(who.workspace_id).name == "anonymous"
    assert (who.user_id, who.key_id, who.dialect) == (None, None, "klookup")
    assert who.scopes == {"create"}
    assert anonymous.principal(ctx) == who
    create(ctx, who, slug="theirs")
    row = Link.get(Link.slug == "theirs")
    assert (row.workspace_id, row.created_by, row.created_via) == (
        who.workspace_id, None, "klookup",
    )  # fmt: skip
    entry = Audit.get(Audit.action == "link.create")
    assert (entry.user_id, entry.key_id) == (None, None)


def test_only_direct_links_are_made_without_a_key() -> None:
    anonymous.check(NewLink(url="https://example.com/"))
    with pytest.raises(errors.ValidationFailed) as refused:
        anonymous.check(NewLink(url="https://example.com/", type="inpage", post_id="7"))
    assert list(refused.value.errors) == ["type"]


def test_the_plan_of_the_workspace_caps_them_all(ctx: Context) -> None:
    who = anonymous.principal(ctx)
    workspaces.set_plan(ctx, who.workspace_id, "small")
    who = anonymous.principal(ctx)
    create(ctx, who)
    create(ctx, who)
    with pytest.raises(errors.LinkLimitReached):
        create(ctx, who)


def test_the_workspace_is_made_once(ctx: Context) -> None:
    found: list[Principal] = []
    at_once(8, lambda: found.append(anonymous.principal(ctx)))
    assert len(found) == 8
    assert len(set(found)) == 1
    assert Workspace.select().where(Workspace.name == "anonymous").count() == 1


def test_the_sixth_within_a_day_is_told_when_to_come_again(world: World) -> None:
    who = anonymous.principal(world.ctx)
    for hours in range(5):
        create(world.later(timedelta(hours=hours)), who)
    late = world.later(timedelta(hours=23, minutes=59, seconds=59))
    with pytest.raises(errors.AnonymousLimitReached) as caught:
        create(late, who)
    assert caught.value.again_at == NOW + DAY
    assert (caught.value.retry_after_s, caught.value.window) == (1, "day")
    assert caught.value.code == errors.RateLimited.code
    create(world.later(DAY), who)
    with pytest.raises(errors.AnonymousLimitReached) as caught:
        create(world.later(DAY), who)
    assert caught.value.again_at == NOW + timedelta(hours=25)


def test_the_time_that_is_told_is_a_whole_second_and_not_too_early(world: World) -> None:
    create(world.later(timedelta(milliseconds=1)), anonymous.principal(world.ctx))
    settings = world.ctx.settings
    settings = type(settings)(
        settings.base_url, settings.plans, settings.dialect_plans, 3, settings.secret,
        anonymous_links_per_day=1,
    )  # fmt: skip
    with pytest.raises(errors.AnonymousLimitReached) as caught:
        anonymous.take(Context(NOW, settings), ADDRESS)
    again_at = caught.value.again_at
    assert again_at == NOW + DAY + timedelta(seconds=1)
    assert caught.value.retry_after_s == DAY.total_seconds() + 1
    anonymous.take(Context(again_at, settings), ADDRESS)


def test_addresses_are_counted_apart_and_a_64_of_ipv6_together(ctx: Context) -> None:
    for last in range(5):
        anonymous.take(ctx, f"2001:db8:0:1::{last}")
    with pytest.raises(errors.AnonymousLimitReached):
        anonymous.take(ctx, "2001:db8:0:1:ffff::1")
    anonymous.take(ctx, "2001:db8:0:2::1")
    for _ in range(5):
        anonymous.take(ctx, ADDRESS)
    with pytest.raises(errors.AnonymousLimitReached):
        anonymous.take(ctx, f"::ffff:{ADDRESS}")


def test_no_address_is_stored(ctx: Context) -> None:
    anonymous.take(ctx, ADDRESS)
    (row,) = AnonymousLink.select()
    assert ADDRESS not in row.address
    other = Context(NOW, type(ctx.settings)("https://go.example.org", {}, {}, 3, b"t" * 32))
    anonymous.take(other, ADDRESS)
    assert len({row.address for row in AnonymousLink.select()}) == 2


def test_a_creation_that_fails_counts_nothing(ctx: Context) -> None:
    who = anonymous.principal(ctx)
    create(ctx, who, slug="taken")
    for _ in range(10):
        with pytest.raises(errors.SlugTaken):
            create(ctx, who, slug="taken")
    assert AnonymousLink.select().count() == 1


def test_of_many_at_once_exactly_five_win(ctx: Context) -> None:
    who, won, lost = anonymous.principal(ctx), [], []

    def ask() -> None:
        try:
            create(ctx, who)
            won.append(1)
        except errors.AnonymousLimitReached:
            lost.append(1)

    at_once(12, ask)
    assert (len(won), len(lost)) == (5, 7)
    assert Link.select().count() == AnonymousLink.select().count() == 5


def test_old_creations_are_forgotten(world: World) -> None:
    for number in range(5):
        anonymous.take(world.ctx, ADDRESS)
        anonymous.take(world.ctx, f"198.51.100.{number}")
    anonymous.take(world.later(DAY), ADDRESS)
    assert AnonymousLink.select().count() == 6
    assert anonymous.prune(NOW + DAY - timedelta(seconds=1)) == 0
    assert anonymous.prune(NOW + DAY, limit=3) == 3
    assert anonymous.prune(NOW + DAY, limit=3) == 2
    assert AnonymousLink.select().count() == 1
