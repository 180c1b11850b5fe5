"""The change log: how caches, here and in other processes, learn what to let go of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from klink.core.context import Changed, Context
from klink.db import rows as table_rows
from klink.db.connection import after_commit, engine, read, write
from klink.db.models import Change

_OVERLAP = timedelta(seconds=30)
"""On PostgreSQL entries younger than this are read again: a smaller number may commit later.

SQLite has one writer at a time, so there numbers come in the order of commits.
"""


def record(ctx: Context, changed: Changed) -> None:
    """Log a change in the current unit of work; this process hears of it after commit."""
    record_all(ctx, [changed])


def record_all(ctx: Context, many: Sequence[Changed]) -> None:
    """Log changes, at least one, at once."""
    at = datetime.now(UTC)  # not when the request began: the transaction may have waited long
    rows = [
        {
            "at": at,
            "kind": changed.kind,
            "link_id": changed.link_id,
            "domain_id": changed.domain_id,
            "slug": changed.slug,
        }
        for changed in many
    ]
    table_rows.insert(Change, rows)

    def announce() -> None:
        for changed in many:
            ctx.announce(changed)

    after_commit(announce)


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
            if engine() == "sqlite" or row.at < now - _OVERLAP:
                self._floor = max(self._floor, row.seq)
        self._seen = {row.seq: None for row in rows if row.seq > self._floor}
        return [Changed(r.kind, r.link_id, r.domain_id, r.slug) for r in fresh]


def prune(before: datetime, *, limit: int = 1000) -> int:
    """Delete entries older than ``before``, at most ``limit``; return how many."""
    old = Change.select(Change.seq).where(Change.at < before).order_by(Change.at).limit(limit)
    with write():
        return int(Change.delete().where(Change.seq.in_(old)).execute())
