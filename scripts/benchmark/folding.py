"""The row about the fold alone: clicks that wait in the journal of a server that died."""

from __future__ import annotations

import statistics
import time
from datetime import UTC, datetime
from pathlib import Path

from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.db import migrate
from scripts.benchmark.history import Drawer, enricher
from scripts.benchmark.inside import inside
from scripts.benchmark.load import LoadFailed
from scripts.benchmark.measuring import Line, Row, Run, least
from scripts.benchmark.traffic import SEED

FOLD = least(20_000, "/s")

_FRAME = 16  # clicks a frame: what one turn of a busy event loop writes
_PATIENCE_S = 600.0
_HOUR_MS = 3_600_000


def fold(run: Run) -> list[Line]:
    """Fold what waits, with all dimensions, roll-ups and uniques."""
    many = 100_000 if run.quick else 1_000_000
    data_dir, drawer = run.own_links(), Drawer(run.own_links())
    times = []
    for turn in range(run.pairs):
        _leave(data_dir, drawer, many, SEED - 1 - turn)
        times.append(_fold(data_dir))
    rate = statistics.median(many / seconds for seconds in times)
    note = f"{many:,} waiting clicks on {run.links:,} links in {statistics.median(times):.1f} s"
    return [Line("clicks folded, all dimensions", rate, "/s", bar=FOLD, note=note)]


def _leave(data_dir: Path, drawer: Drawer, many: int, seed: int) -> None:
    """Write clicks of the last hour into a journal, and leave it as the dead do."""
    now_ms = time.time_ns() // 1_000_000
    with inside(data_dir):
        journal = Journal.open(data_dir, migrate.epoch(), fsync_every_s=None)
        try:
            records = drawer.clicks(seed, many, now_ms - _HOUR_MS, now_ms)
            for first in range(0, many, _FRAME):
                journal.append(records[first : first + _FRAME])
            if journal.lost:
                raise LoadFailed(f"the journal refused {journal.lost} clicks")
        finally:
            journal.close()


def _fold(data_dir: Path) -> float:
    """Fold what the dead left; return the seconds that took."""
    with inside(data_dir):
        looked_up = enricher(data_dir)
        journal = Journal.open(data_dir, migrate.epoch())
        ledger = Ledger(journal, looked_up, lambda: datetime.now(UTC))
        try:
            began = time.monotonic()
            ledger.start()
            if ledger.wait(_PATIENCE_S):
                raise LoadFailed(f"not all was folded within {_PATIENCE_S:.0f} s")
            took = time.monotonic() - began
            if ledger.status().set_aside:
                raise LoadFailed("some clicks could not be folded")
        finally:
            ledger.stop(drain=False)
            journal.close()
    return took


ROWS = (Row("fold", "clicks folded a second, all dimensions", (FOLD,), fold, "links"),)
