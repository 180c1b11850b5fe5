"""The click ledger: a thread that folds the journal into the database, exactly once.

A batch of visits and the position behind it commit together (a large batch in parts, each with
how far it is done), so whatever dies when, the next fold goes on where the last one that
counted ended: recovery is the same code as
normal work. What dead processes left is folded first, so that afterwards one position, in
this process's own stream, says for every reader what is counted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import NamedTuple, TypeVar

from klink import turns
from klink.clicks.batch import BatchFolder, Unfinished
from klink.clicks.enrich import KINDS, Enricher
from klink.clicks.journal import Journal
from klink.clicks.journal_reader import Batch, DeadStream, Position, StreamReader, batch_begin
from klink.clicks.recent import RecentClicks
from klink.core.times import to_ms
from klink.db.connection import DatabaseBusy, close_thread

__all__ = ["Ledger", "LedgerStatus"]

log = logging.getLogger(__name__)

_REST_S = 1.0  # between folds that keep up, unless a reader waits: fewer, fuller batches
_TURN_S = 0.001  # between folds that do not: other writers get their turn
# A batch, when it is behind: fuller ones are cheaper, but they are in memory, and a reader
# waits for a whole one. Others who want to write wait for a part of it (batch.TARGET_S).
_TARGET_S = 1.5
_MIN_BATCH_BYTES, _MAX_BATCH_BYTES = 64 * 1024, 4 * 1024 * 1024
_FIRST_PAUSE_S, _LAST_PAUSE_S = 0.05, 1.0  # while the database refuses

_T = TypeVar("_T")


class LedgerStatus(NamedTuple):
    """How the ledger stands, for ``/ready``; counters run since the start.

    :ivar waiting_bytes: of the journal that are not folded yet.
    :ivar lag_s: seconds by which the counts are behind, 0.0 when they are not.
    :ivar lost: clicks that the disk refused.
    :ivar set_aside: records that could not be folded.
    :ivar damaged: damaged places of the journal that were skipped.
    :ivar foreign: segments of another database that were moved aside.
    """

    waiting_bytes: int
    lag_s: float
    lost: int
    set_aside: int
    damaged: int
    foreign: int


class _Stream:
    """A stream being folded, and up to where.

    After a failure ``is_sure`` is False: a commit whose answer was lost may have happened,
    so that only the database knows the position.
    """

    def __init__(self, reader: StreamReader) -> None:
        self.reader = reader
        self.position = Position(reader.stream, 0, 0)
        self.unfinished: Unfinished | None = None
        self.is_sure = False


class Ledger:
    """Folds one journal; started and stopped once, asked by any thread.

    :param clock: the time now, aware UTC.
    :param part_visits: with ``recent``: as :class:`klink.clicks.batch.BatchFolder` takes it.
    """

    def __init__(
        self,
        journal: Journal,
        enricher: Enricher,
        clock: Callable[[], datetime],
        *,
        part_visits: int = 5_000,
        recent: RecentClicks | None = None,
    ) -> None:
        self._journal = journal
        self._clock = clock
        aside = journal.root / "set-aside.jsonl"
        self._folder = BatchFolder(enricher, aside, clock, part_visits, recent)
        self._live = _Stream(journal.reader())
        self._dead = [(_Stream(stream), stream) for stream in journal.dead]
        self._batch_bytes = 1024 * 1024
        self._counted_to_ms = to_ms(clock())  # clicks from before are counted
        self._moved = threading.Condition()
        self._folded_to: Position | None = None  # in the own stream; None: dead ones first
        self._is_running = False
        self._urgent = threading.Event()
        self._stopping = threading.Event()
        self._abandoned = threading.Event()
        self._thread = threading.Thread(target=self._run, name="klink-ledger", daemon=True)

    def start(self) -> None:
        """Begin to fold, in a thread."""
        self._counted_to_ms = to_ms(self._clock())
        self._is_running = True
        self._thread.start()

    def stop(self, drain: bool = True, timeout_s: float = 8.0) -> bool:
        """Stop folding; say whether everything is folded.

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
        if not self._is_behind(end):
            return 0.0
        with turns.given_back(), self._moved:
            self._urgent.set()
            if self._moved.wait_for(lambda: not self._is_behind(end), timeout_s):
                return 0.0
        return self._lag_s()

    def status(self) -> LedgerStatus:
        """How it stands."""
        streams = [self._live, *(stream for stream, _ in self._dead)]
        return LedgerStatus(
            sum(each.reader.waiting_bytes(each.position) for each in streams),
            self._lag_s() if self._is_behind(self._journal.end()) else 0.0,
            self._journal.lost,
            self._folder.set_aside,
            sum(each.reader.damaged for each in streams),
            sum(each.reader.foreign for each in streams),
        )

    def visits(self) -> dict[str, int]:
        """How many visits were counted since the start, by kind."""
        return {name: self._folder.kinds[kind] for kind, name in enumerate(KINDS)}

    def _has_folded(self, end: Position) -> bool:
        return self._folded_to is not None and self._folded_to >= end

    def _is_behind(self, end: Position) -> bool:
        return self._is_running and not self._has_folded(end)

    def _lag_s(self) -> float:
        return max(to_ms(self._clock()) - self._counted_to_ms, 1) / 1000

    # What follows runs in the ledger's own thread.

    def _run(self) -> None:
        try:
            adopted = all(self._patiently(partial(self._adopt, *dead)) for dead in self._dead)
            if adopted:
                self._follow()
        finally:
            close_thread()
            with self._moved:
                self._is_running = False
                self._moved.notify_all()

    def _adopt(self, stream: _Stream, dead: DeadStream) -> bool:
        """Fold what a dead process left; then its folder goes, and then its position."""
        try:
            while not self._step(stream).at_tail:
                if self._abandoned.wait(_TURN_S):
                    return False
            is_gone = dead.remove()
        except OSError as error:  # it must not keep the living from being counted
            log.error("journal %s stays for the next start: %s", dead.stream, error)
        else:
            if is_gone:
                self._folder.forget(dead.stream)
            else:  # its position stays too, so that nothing of it is counted twice
                log.info("journal %s is being copied; it stays for the next start", dead.stream)
        return True

    def _follow(self) -> None:
        """Fold the own stream until told to stop."""
        while True:
            self._journal.written.clear()
            self._urgent.clear()
            now_ms = to_ms(self._clock())
            batch = self._patiently(partial(self._step, self._live))
            if batch is None:
                return
            if batch.at_tail:
                self._counted_to_ms = now_ms
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
                self._counted_to_ms = to_ms(self._clock())

    def _tell(self, position: Position) -> None:
        """Everything before ``position`` is durable: let journal and readers know."""
        self._journal.release(position)
        with self._moved:
            self._folded_to = position
            self._moved.notify_all()

    def _patiently(self, work: Callable[[], _T]) -> _T | None:
        """Do ``work``, again and again while it fails; None when told to give up."""
        pause_s = _FIRST_PAUSE_S
        while not self._abandoned.is_set():
            try:
                done = work()
            except Exception as error:  # the top of a thread: log and go on
                if pause_s == _FIRST_PAUSE_S:
                    trace = None if isinstance(error, DatabaseBusy) else error
                    log.warning("clicks wait in the journal: %s", error, exc_info=trace)
                self._abandoned.wait(pause_s)
                pause_s = min(pause_s * 2, _LAST_PAUSE_S)
            else:
                if pause_s != _FIRST_PAUSE_S:
                    log.warning("clicks are folded again")
                return done
        return None

    def _step(self, stream: _Stream) -> Batch:
        """Fold the next batch of a stream."""
        if not stream.is_sure:
            name = stream.reader.stream
            stream.position, stream.unfinished = self._folder.stored(name), self._folder.begun(name)
        stream.is_sure = False
        unfinished = stream.unfinished
        # The very batch that was begun, whatever has been written behind it.
        size = unfinished.end_offset - stream.position.offset if unfinished else self._batch_bytes
        batch = stream.reader.read(stream.position, size)
        if batch.payloads:
            began_s = time.monotonic()
            begin = batch_begin(stream.position, batch.next)
            folded = self._folder.fold(
                batch.payloads, batch.next, begin=begin, unfinished=unfinished
            )
            self._adapt(time.monotonic() - began_s, is_full=not batch.at_tail)
            if stream is self._live:
                latest_ms = min(folded.latest_at, to_ms(self._clock()))
                self._counted_to_ms = max(self._counted_to_ms, latest_ms)
        # Of what was begun, only the database knows what is left.
        stream.position, stream.unfinished, stream.is_sure = batch.next, None, not unfinished
        return batch

    def _adapt(self, took_s: float, *, is_full: bool) -> None:
        """Size the next batch so that it takes about ``_TARGET_S``."""
        factor = min(max(_TARGET_S / took_s, 0.5), 2.0)
        if is_full or factor < 1:
            wanted = int(self._batch_bytes * factor)
            self._batch_bytes = min(max(wanted, _MIN_BATCH_BYTES), _MAX_BATCH_BYTES)
