"""Taking in what a source has, a few hundred links at a time.

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

from klink.core.context import Context
from klink.core.errors import DatabaseBusy
from klink.core.links import Arrival, ArrivalOutcome, Arrivals, Arrived
from klink.core.principal import Principal
from klink.db.connection import writing_much
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

    :ivar rows: of the source.
    :ivar by_outcome: how many of them had each outcome.
    :ivar warned: rows of which something was left behind.
    """

    rows: int = 0
    by_outcome: dict[ArrivalOutcome, int] = field(
        default_factory=lambda: dict.fromkeys(ArrivalOutcome, 0)
    )
    warned: int = 0
    took_s: float = 0.0


Note = Callable[[Row, Arrived], None]
"""Told of every row and what became of it, in order."""


def run(
    ctx: Context,
    who: Principal,
    source: Source,
    *,
    is_dry: bool = False,
    is_updating: bool = False,
    note: Note,
    tick: Callable[[Progress, Tally], None],
) -> Tally:
    """Take in all rows of a source, or try what would become of them.

    :param is_dry: nothing is written.
    :param is_updating: a link that is there and differs becomes like the source's.
    :param note: told of each row.
    :param tick: told now and then how far it is.
    :raises InsufficientScope: who asks may not make links.
    :raises WrongSource: the source cannot be read to its end.
    :raises DatabaseBusy: for more than ten seconds.
    """
    tally = Tally()
    begun = time.monotonic()
    writing = nullcontext() if is_dry else writing_much()
    with TrialPlaces() as trial, writing, _seldom_collected():
        arrivals = Arrivals(ctx, who, is_updating=is_updating, trial=trial if is_dry else None)
        for few in _pieces(source.rows()):
            for row, arrived in zip(few, _arrive(arrivals, few), strict=True):
                tally.rows += 1
                tally.by_outcome[arrived.outcome] += 1
                tally.warned += bool(row.warnings) and arrived.outcome in _TAKEN
                note(row, arrived)
            tally.took_s = time.monotonic() - begun
            tick(source.progress(), tally)
    return tally


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
    """Some rows at a time; those before a source breaks off among them."""
    piece: list[Row] = []
    try:
        for row in rows:
            piece.append(row)
            if len(piece) == AT_ONCE:
                yield piece
                piece = []
    except WrongSource:
        yield piece
        raise
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
