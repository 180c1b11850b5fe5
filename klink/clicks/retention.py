"""Forgetting: single clicks after their time, and who clicked on days that are over.

All go in steps, each a transaction of its own, and give after each how many rows went, so
that the caller decides how fast to go and when to stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import peewee

from klink.core.times import to_ms
from klink.db.connection import read, write
from klink.db.models import Click, DayVisitor, VisitorClick, WorkspaceVisitor

_CLICKS = 1_000  # rows a window; each costs two trees a deletion
_VISITORS = 1_000
_DAY_MS = 86_400_000


def forget_clicks(before: datetime) -> Iterator[int]:
    """Delete click rows older than ``before``; roll-ups and totals stay.

    Goes by ascending id, which is about the order of time, and ends at the first window
    without an old row: clicks of a journal that was folded late wait for the rows around them.
    """
    limit_ms, last = to_ms(before), 0
    while True:
        # Any: peewee's types do not know that these rows are plain tuples.
        rows: Any = Click.select(Click.id, Click.at).where(Click.id > last).order_by(Click.id)
        with read():
            window = list(rows.limit(_CLICKS).tuples())
        old = [id_ for id_, at in window if at < limit_ms]
        if not old:
            return
        last = window[-1][0]
        with write():
            gone = Click.delete().where(
                Click.id >= old[0], Click.id <= old[-1], Click.at < limit_ms
            )
            count = int(gone.execute())
        yield count


def forget_visitors(before: datetime) -> Iterator[int]:
    """Delete who clicked on UTC days before the one of ``before``; their numbers stay.

    Both tables begin with the day, so the first rows of each are the oldest, and nothing is
    read that does not go.
    """
    first_day = to_ms(before) // _DAY_MS
    for model in (DayVisitor, WorkspaceVisitor):
        while gone := _forget_first(model, first_day):
            yield gone


def forget_visitor_clicks(before: datetime) -> Iterator[int]:
    """Delete the clicks before ``before`` that events could be attributed to."""
    # Any: as above.
    old: Any = VisitorClick.select(VisitorClick.at).where(VisitorClick.at < to_ms(before))
    while True:
        with write():
            times = [at for (at,) in old.order_by(VisitorClick.at).limit(_VISITORS).tuples()]
            if not times:
                return
            count = int(VisitorClick.delete().where(VisitorClick.at <= times[-1]).execute())
        yield count


def _forget_first(model: Any, first_day: int) -> int:
    """Delete the first rows before a day; return how many."""
    columns = model._meta.get_primary_keys()
    key = peewee.Tuple(*columns)
    rows = model.select(*columns).where(model.day < first_day).order_by(*columns).limit(_VISITORS)
    with write():
        found = list(rows.tuples())
        if not found:
            return 0
        # Bounded from below too: where rows went before, an engine may have to pass them.
        gone = model.delete().where(key >= found[0], key <= found[-1])
        return int(gone.execute())
