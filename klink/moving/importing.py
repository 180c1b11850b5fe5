"""Taking in what a source has, from the oldest link to the newest, a few hundred at a time.

Nothing is kept between two runs but the links themselves: a row that was taken in is found there,
unchanged, by the next one. So an import that was interrupted, by whatever, goes on when it is
begun again, and one that was finished does nothing.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from itertools import islice

from klink.core.context import Context
from klink.core.errors import DatabaseBusy
from klink.core.links import Arrival, ArrivalOutcome, Arrivals, Arrived
from klink.core.principal import Principal
from klink.db.connection import writing_much
from klink.moving.by_date import ByDate
from klink.moving.rows import Progress, Row, Source, WrongSource
from klink.moving.trial import TrialPlaces

AT_ONCE = 500
"""Links of one unit of work: others who write wait for it, some 40 ms."""

_COLLECT_AFTER = 100_000
"""New objects after which Python looks for cycles."""

_BUSY_TRIES = 5
"""Each waits two seconds for the database itself."""


@dataclass(slots=True)
class Tally:
    """What an import has done, or a dry run would do.

    :ivar read: rows that the source has given.
    :ivar rows: those of them that are done.
    :ivar by_outcome: how many of these had each outcome.
    :ivar warned: rows of which something was left behind.
    :ivar broken_off: why the source could not be read to its end; what came before is done.
    """

    read: int = 0
    rows: int = 0
    by_outcome: dict[ArrivalOutcome, int] = field(
        default_factory=lambda: dict.fromkeys(ArrivalOutcome, 0)
    )
    warned: int = 0
    took_s: float = 0.0
    broken_off: WrongSource | None = None


Note = Callable[[Row, Arrived], None]
"""Told of every row and what became of it, by date (:mod:`klink.moving.by_date`)."""

Tick = Callable[[Progress, Tally], None]
"""Told now and then how far it is: first by what is read, then by what is done."""


def run(
    ctx: Context,
    who: Principal,
    source: Source,
    *,
    is_dry: bool = False,
    is_updating: bool = False,
    note: Note,
    tick: Tick,
) -> Tally:
    """Take in all rows of a source, or try what would become of them.

    :param is_dry: nothing is written.
    :param is_updating: a link that is there and differs becomes like the source's.
    :param note: told of each row.
    :raises InsufficientScope: who asks may not make links.
    :raises WrongSource: the source cannot be read at all.
    :raises NoRoom: to keep what was read.
    :raises DatabaseBusy: for more than ten seconds.
    """
    tally = Tally()
    begun = time.monotonic()
    writing = nullcontext() if is_dry else writing_much()
    with ByDate() as rows, TrialPlaces() as trial, writing, _seldom_collected():
        arrivals = Arrivals(ctx, who, is_updating=is_updating, trial=trial if is_dry else None)
        _read(source, rows, tally, tick)
        for few in _pieces(rows):
            for row, arrived in zip(few, _arrive(arrivals, few), strict=True):
                tally.rows += 1
                tally.by_outcome[arrived.outcome] += 1
                tally.warned += bool(row.warnings) and arrived.outcome in _TAKEN
                note(row, arrived)
            tally.took_s = time.monotonic() - begun
            tick(Progress(tally.rows, tally.read), tally)
    return tally


def _read(source: Source, rows: ByDate, tally: Tally, tick: Tick) -> None:
    """Keep every row of the source, up to where it breaks off, if it does."""
    try:
        for row in source.rows():
            rows.add(row)
            tally.read += 1
            if tally.read % AT_ONCE == 0:
                tick(source.progress(), tally)
    except WrongSource as error:
        if not tally.read:
            raise
        tally.broken_off = error


@contextmanager
def _seldom_collected() -> Iterator[None]:
    """Rows come and go by the thousand and hold no cycles: to look for some costs a twentieth."""
    before = gc.get_threshold()
    gc.set_threshold(_COLLECT_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


_TAKEN = (ArrivalOutcome.MADE, ArrivalOutcome.UPDATED)


def _pieces(rows: Iterable[Row]) -> Iterator[list[Row]]:
    waiting = iter(rows)
    while piece := list(islice(waiting, AT_ONCE)):
        yield piece


def _arrive(arrivals: Arrivals, rows: list[Row]) -> list[Arrived]:
    taken = iter(_patiently(arrivals, [row.arrival for row in rows if row.arrival is not None]))
    return [
        Arrived(ArrivalOutcome.REFUSED, row.problem) if row.arrival is None else next(taken)
        for row in rows
    ]


def _patiently(arrivals: Arrivals, many: list[Arrival]) -> list[Arrived]:
    """Take them in, however much others write meanwhile."""
    for _ in range(_BUSY_TRIES - 1):
        try:
            return arrivals.take(many)
        except DatabaseBusy:
            continue  # what was written by then is found there
    return arrivals.take(many)
