"""What is kept count of is what counting would give."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klink.core import errors, links
from klink.core.context import Context
from klink.core.links import LinkPatch, LinkQuery, NewLink
from klink.core.principal import Principal
from klink.db.connection import savepoint, write
from klink.db.models import Link

HOME = "https://example.com/home"
OPERATIONS = st.sampled_from(
    ("make", "many", "atomic", "trash", "restore", "purge", "stop", "start", "rename", "empty")
)


def count(ctx: Context, who: Principal) -> tuple[int, int]:
    """Links outside the trash, and those that the plan counts: one by one."""
    rows = [row for row in Link.select() if row.workspace_id == who.workspace_id]
    living = [row for row in rows if row.deleted_at is None]
    active = [
        row
        for row in living
        if row.is_active and (row.expires_at is None or row.expires_at > ctx.now)
    ]
    return len(living), len(active)


def do(ctx: Context, who: Principal, what: str, which: int) -> None:
    ends = (None, ctx.now + timedelta(hours=which % 3 + 1))[which % 2]
    new = NewLink(url=HOME, is_active=which % 3 > 0, expires_at=ends)
    uids = [row.uid for row in Link.select().order_by(Link.id)]
    uid = uids[which % len(uids)] if uids else "none"
    bad = NewLink(url=HOME, slug="-")
    by_name: dict[str, Callable[[], object]] = {
        "make": lambda: links.create(ctx, who, new),
        "many": lambda: links.create_many(ctx, who, [new, bad, new], atomic=False),
        "atomic": lambda: links.create_many(ctx, who, [new, bad, new], atomic=which % 2 > 0),
        "trash": lambda: links.trash(ctx, who, uid),
        "restore": lambda: links.restore(ctx, who, uid),
        "purge": lambda: links.purge(ctx, who, uid),
        "stop": lambda: links.update(ctx, who, uid, LinkPatch(is_active=False)),
        "start": lambda: links.update(ctx, who, uid, LinkPatch(is_active=True, expires_at=ends)),
        "rename": lambda: links.update(ctx, who, uid, LinkPatch(slug=f"n{which}")),
        "empty": lambda: links.purge_trash(replace(ctx, now=ctx.now + timedelta(days=31))),
    }
    with suppress(errors.KlinkError):
        by_name[what]()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.tuples(OPERATIONS, st.integers(0, 9), st.booleans()), max_size=12))
def test_counts_stay_exact_whatever_is_done(
    ctx: Context, owner: Principal, stranger: Principal, steps: list[tuple[str, int, bool]]
) -> None:
    with write(), savepoint() as whole:
        for step, (what, which, is_mine) in enumerate(steps):
            now = replace(ctx, now=ctx.now + timedelta(minutes=30 * step))
            do(now, owner if is_mine else stranger, what, which)
            for who in (owner, stranger):
                living, active = count(now, who)
                assert links.numbered(now, who, LinkQuery(), 1).total == living
                assert links.active_links(now, who.workspace_id) == active
        whole.rollback()
