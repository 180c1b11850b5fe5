"""The change log: how caches, here and in other processes, learn what to let go of."""

from __future__ import annotations

from datetime import datetime, timedelta

from klink.core.context import Changed, Context
from klink.db.connection import after_commit, read, write
from klink.db.models import Change

_OVERLAP = timedelta(seconds=10)
"""Entries younger than this are read again: on PostgreSQL a smaller number may commit later."""


def record(ctx: Context, changed: Changed) -> None:
    """Log a change in the current unit of work; this process hears of it after commit."""
    Change.insert(
        at=ctx.now,
        kind=changed.kind,
        link_id=changed.link_id,
        domain_id=changed.domain_id,
        slug=changed.slug,
    ).execute()
    after_commit(lambda: ctx.announce(changed))


class Follower:
    """Reads the log of all processes, each entry once, in about the order of commits."""

    def __init__(self) -> None:
        self._floor = 0  # everything up to here is old enough to be complete
        self._seen: dict[int, None] = {}

    def start(self) -> None:
        """Begin after what is logged now; a cache that starts empty needs none of it."""
        with read():
            newest = Change.select(Change.seq).order_by(Change.seq.desc()).limit(1000)
            self._seen = {row.seq: None for row in newest}
        self._floor = min(self._seen, default=1) - 1

    def poll(self, now: datetime) -> list[Changed]:
        """What was logged since the last call."""
        with read():
            rows = list(Change.select().where(Change.seq > self._floor).order_by(Change.seq))
        fresh = [row for row in rows if row.seq not in self._seen]
        for row in rows:
            if row.at < now - _OVERLAP:
                self._floor = max(self._floor, row.seq)
        self._seen = {row.seq: None for row in rows if row.seq > self._floor}
        return [Changed(r.kind, r.link_id, r.domain_id, r.slug) for r in fresh]


def prune(before: datetime, *, limit: int = 1000) -> int:
    """Delete entries older than ``before``, at most ``limit``; return how many."""
    old = Change.select(Change.seq).where(Change.at < before).order_by(Change.at).limit(limit)
    with write():
        return int(Change.delete().where(Change.seq.in_(old)).execute())
