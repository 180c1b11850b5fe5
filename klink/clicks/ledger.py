"""The click ledger: a thread that folds the journal into the database, exactly once.

A batch of visits and the position behind it commit together, so whatever dies when, the
next fold goes on where the last one that counted ended: recovery is the same code as
normal work. What dead processes left is folded first, so that after it one position, in
this process's own stream, says for every reader what is counted.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from klink.clicks.enrich import PERSON, Enricher, kind_of, referrer_host
from klink.clicks.journal import Journal
from klink.clicks.journal_reader import Batch, DeadStream, Position, StreamReader
from klink.clicks.record import Flag
from klink.clicks.set_aside import SetAside
from klink.core.times import from_ms
from klink.db.connection import close_thread, read, savepoint, write
from klink.db.fold import AgentFacts, Folded, Lookups, fold, is_about_data
from klink.db.models import JournalPosition

log = logging.getLogger(__name__)

_REST_S = 0.5  # between folds that catch up, unless a reader waits: fewer, fuller batches
_TURN_S = 0.001  # between folds that do not: other writers get their turn
_LONG_S, _SHORT_S = 0.8, 0.3  # a fold that takes so long shrinks the next, so short grows it
_MIN_BATCH_BYTES, _MAX_BATCH_BYTES = 64 * 1024, 8 * 1024 * 1024
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.05, 1.0

_VIEW, _CLICK = int(Flag.VIEW), int(Flag.CLICK)

_T = TypeVar("_T")


class LedgerStatus(NamedTuple):
    """How the ledger stands, for ``/ready`` and ``/metrics``.

    :ivar waiting_bytes: of the journal that are not folded yet.
    :ivar lag_s: seconds by which the counts are behind, 0.0 when they are not.
    :ivar lost: clicks that the disk refused, since the start.
    :ivar set_aside: records that could not be folded, since the start.
    :ivar damaged: damaged places of the journal that were skipped, since the start.
    :ivar foreign: segments of another database that were moved aside, since the start.
    """

    waiting_bytes: int
    lag_s: float
    lost: int
    set_aside: int
    damaged: int
    foreign: int


class _Stream:
    """A stream being folded; ``position`` is None until the database has said it."""

    def __init__(self, reader: StreamReader) -> None:
        self.reader = reader
        self.position: Position | None = None

    @property
    def start(self) -> Position:
        return Position(self.reader.stream, 0, 0)


class Ledger:
    """Folds one journal. :meth:`start` and :meth:`stop` once each; the rest from any thread.

    :param clock: the time now, aware UTC.
    """

    def __init__(
        self, journal: Journal, enricher: Enricher, clock: Callable[[], datetime]
    ) -> None:
        self._journal = journal
        self._lookups = _lookups(enricher)
        self._clock = clock
        self._set_aside = SetAside(journal.root / "set-aside.jsonl")
        self._live = _Stream(journal.reader())
        self._dead = [_Stream(reader) for reader in journal.dead]
        self._batch_bytes = 1024 * 1024
        self._counted_to = clock()  # every click from before is counted, but those waiting
        self._folded = threading.Condition()
        self._folded_to: Position | None = None  # in the own stream; None: dead ones first
        self._urgent = threading.Event()
        self._stopping = threading.Event()
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._run, name="klink-ledger", daemon=True)

    def start(self) -> None:
        """Begin to fold, in a thread."""
        self._counted_to = self._clock()
        self._thread.start()

    def stop(self, drain: bool = True, timeout_s: float = 8.0) -> bool:
        """Stop folding; say whether everything was folded.

        :param drain: fold what is left first, for at most ``timeout_s``. What is not
            folded waits in the journal for the next start.
        """
        self._stopping.set()
        if not drain:
            self._abandoned.set()
        self._urgent.set()
        self._journal.written.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
            self._abandoned.set()
        return self._has_folded(self._journal.end())

    def wait(self, timeout_s: float = 2.0) -> float:
        """Wait until every click that was answered before the call is counted.

        :returns: 0.0 when it is (or no ledger runs in this process), else the seconds by
            which the counts are behind.
        """
        end = self._journal.end()
        with self._folded:
            if not self._is_behind(end):
                return 0.0
            self._urgent.set()
            if self._folded.wait_for(lambda: not self._is_behind(end), timeout_s):
                return 0.0
        return self._lag_s()

    def status(self) -> LedgerStatus:
        """How it stands."""
        streams = [*self._dead, self._live]
        behind = self._is_behind(self._journal.end())
        return LedgerStatus(
            sum(each.reader.waiting_bytes(each.position or each.start) for each in streams),
            self._lag_s() if behind else 0.0,
            self._journal.lost,
            self._set_aside.count,
            sum(each.reader.damaged for each in streams),
            sum(each.reader.foreign for each in streams),
        )

    # --- What readers ask ---------------------------------------------------------------

    def _has_folded(self, end: Position) -> bool:
        return self._folded_to is not None and self._folded_to >= end

    def _is_behind(self, end: Position) -> bool:
        return self._thread.is_alive() and not self._has_folded(end)

    def _lag_s(self) -> float:
        return max((self._clock() - self._counted_to).total_seconds(), 0.001)

    # --- The thread ---------------------------------------------------------------------

    def _run(self) -> None:
        try:
            for dead in self._dead:
                if self._patiently(lambda dead=dead: self._adopt(dead)) is None:  # type: ignore[misc]
                    return
            self._follow()
        finally:
            close_thread()
            with self._folded:
                self._folded.notify_all()

    def _follow(self) -> None:
        """Fold this process's own stream until told to stop."""
        while True:
            self._journal.written.clear()
            self._urgent.clear()
            now = self._clock()
            batch = self._patiently(lambda: self._step(self._live))
            if batch is None:
                return
            if batch.at_tail:
                self._counted_to = now
            self._tell(batch.next)
            if not batch.at_tail:
                self._abandoned.wait(_TURN_S)
            elif self._stopping.is_set():
                if batch.next >= self._journal.end():
                    return
            elif batch.payloads:
                self._urgent.wait(_REST_S)
            else:
                self._journal.written.wait()
                self._counted_to = self._clock()

    def _tell(self, position: Position) -> None:
        self._journal.release(position)
        with self._folded:
            self._folded_to = position
            self._folded.notify_all()

    def _adopt(self, dead: _Stream) -> bool:
        """Fold what a dead process left, then remove its folder, then its position."""
        assert isinstance(dead.reader, DeadStream)
        while not self._step(dead).at_tail:
            if self._abandoned.wait(_TURN_S):
                return False
        dead.reader.remove()
        with write():
            JournalPosition.delete_by_id(dead.reader.stream)
        return True

    def _patiently(self, work: Callable[[], _T]) -> _T | None:
        """Do ``work``, again and again while it fails; None when told to give up."""
        pause_s, failed = _FIRST_PAUSE_S, False
        while not self._abandoned.is_set():
            try:
                done = work()
            except Exception as error:  # the top of a thread: log and go on
                if not failed:
                    log.warning("clicks wait in the journal: %s", str(error)[:200], exc_info=error)
                failed = True
                self._abandoned.wait(pause_s)
                pause_s = min(pause_s * 2, _LAST_PAUSE_S)
            else:
                if failed:
                    log.info("clicks are folded again")
                return done
        return None

    # --- One batch ----------------------------------------------------------------------

    def _step(self, stream: _Stream) -> Batch:
        """Fold the next batch of a stream. After any failure the database says where it is.

        A commit whose answer was lost may have happened: nothing but the stored position
        tells.
        """
        position, stream.position = stream.position or _stored(stream.start), None
        batch = stream.reader.read(position, self._batch_bytes)
        if batch.payloads:
            began = time.monotonic()
            folded = self._fold(batch)
            self._adapt(time.monotonic() - began, batch.at_tail)
            latest = from_ms(folded.latest_at)
            if stream is self._live and self._counted_to < latest < self._clock():
                self._counted_to = latest
        stream.position = batch.next
        return batch

    def _adapt(self, took_s: float, at_tail: bool) -> None:
        if took_s > _LONG_S:
            self._batch_bytes = max(self._batch_bytes // 2, _MIN_BATCH_BYTES)
        elif took_s < _SHORT_S and not at_tail:
            self._batch_bytes = min(self._batch_bytes * 2, _MAX_BATCH_BYTES)

    def _fold(self, batch: Batch) -> Folded:
        """Count a batch and store the position behind it, in one transaction."""
        try:
            with write():
                folded = self._fold_all(batch.payloads)
                self._store(batch.next)
                return folded
        except Exception as error:
            if not is_about_data(error):
                raise
        records = [record for payload in batch.payloads for record in _records(payload)]
        with self._set_aside.collecting() as aside, write():
            folded = self._fold_apart(records, aside)
            self._store(batch.next)
            aside.write()
        return folded

    def _fold_all(self, records: Sequence[bytes]) -> Folded:
        return fold("[" + b",".join(records).decode("ascii") + "]", self._lookups)
