"""Forgetting: single clicks after their time, and who clicked on days that are over.

Both walk a table in windows, each a transaction of its own, and give after each how many
rows went, so that the caller decides how fast to go and when to stop.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import peewee

from klink.core.times import to_ms
from klink.db.connection import read, write
from klink.db.models import Click, DayVisitor

_CLICKS = 1_000  # rows a window; each costs two trees a deletion
_VISITORS = 2_000
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

    No index leads there by day, so the whole table is walked by its key. Windows without an
    old row are only read.
    """
    first_day = to_ms(before) // _DAY_MS
    columns = (DayVisitor.scope, DayVisitor.scope_id, DayVisitor.day, DayVisitor.visitor)
    key = peewee.Tuple(*columns)
    last: tuple[object, ...] = (-1, 0, 0, "")
    while True:
        rows: Any = DayVisitor.select(*columns).where(key > last).order_by(*columns)
        with read():
            window = list(rows.limit(_VISITORS).tuples())
        if not window:
            return
        old = [row for row in window if row[2] < first_day]
        last = window[-1]
        count = 0
        if old:
            with write():
                gone = DayVisitor.delete().where(
                    key >= old[0], key <= old[-1], DayVisitor.day < first_day
                )
                count = int(gone.execute())
        yield count
