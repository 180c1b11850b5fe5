"""The append-only journal: a click is in it before its answer leaves.

``data_dir/journal/<stream>/<8 digits>.log``; a stream is one run of the server, so every
start begins a new segment, and so do size and age; those that are folded are deleted. The
folder's ``lock`` is held as long as the process lives; a stream that nobody holds is dead,
and a starting server claims it and folds what it left.
What a segment looks like stands in :mod:`klink.clicks.frames`.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
import secrets
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from klink.clicks.frames import EPOCH_BYTES, count_records, frame, header
from klink.clicks.holding import deleting
from klink.clicks.journal_reader import (
    LOCK_NAME,
    DeadStream,
    Position,
    StreamReader,
    claim_dead,
    is_file,
    segment_path,
    sync_folder,
    try_lock,
)

log = logging.getLogger(__name__)

SEGMENT_BYTES = 64 * 1024 * 1024
SEGMENT_S = 600.0  # then the next begins, so that what visitors sent is soon deleted
_TEND_EVERY_S = 1.0
_REPORT_EVERY_S = 60.0
_KEPT_OPEN = (errno.ENOSPC, errno.EDQUOT)  # room may come back, in this very segment

__all__ = ["SEGMENT_BYTES", "Journal", "Position"]


class Journal:
    """The stream this process writes. Threads append; nothing raises into them.

    :ivar root: the folder of all streams.
    :ivar stream: its id.
    :ivar dead: streams of processes that are gone, claimed when this one was opened.
    :ivar written: set by every append; who waits for clicks clears it before reading.
    :ivar lost: clicks that the disk refused.
    """

    def __init__(
        self,
        root: Path,
        epoch: bytes,
        fsync_every_s: float | None,
        segment_bytes: int,
        segment_s: float,
    ) -> None:
        """Use :meth:`open`."""
        self.stream = secrets.token_hex(16)
        self.dead: list[DeadStream] = []
        self.written = threading.Event()
        self.lost = 0
        self.root = root
        self._epoch = epoch
        self._folder = root / self.stream
        self._fsync_every_s = fsync_every_s
        self._segment_bytes = segment_bytes
        self._segment_s = segment_s
        self._lock = threading.Lock()  # everything below, but what `_syncing` guards
        self._fd: int | None = None
        self._segment = 0
        self._opened_s = 0.0
        self._size = 0  # whole bytes in the open segment, 0: not even its header
        self._end = Position(self.stream, 0, 0)
        self._retired: list[int] = []
        self._last_error = ""
        self._syncing = threading.Lock()
        self._synced = self._end
        self._synced_segment = 0  # whose name in the folder is durable
        self._claim: int | None = None
        self._released = self._end
        self._deleted_before = 1  # segment
        self._closing = False
        self._due = threading.Event()
        self._reported = 0
        self._next_report_s = 0.0
        self._trouble = ""
        self._tending = threading.Lock()
        self._keeper = threading.Thread(target=self._keep, name="klink-journal", daemon=True)

    @classmethod
    def open(
        cls,
        data_dir: Path,
        epoch: bytes,
        *,
        fsync_every_s: float | None = 1.0,
        segment_bytes: int = SEGMENT_BYTES,
        segment_s: float = SEGMENT_S,
    ) -> Journal:
        """Begin a new stream below ``data_dir`` and claim the dead ones.

        :param epoch: 16 bytes that name the database's life; segments of another are
            never folded.
        :param fsync_every_s: 0.0: before an append returns; None: left to the system.
        :param segment_s: how old a segment may get before the next begins.
        :raises OSError: when the folder cannot be made.
        """
        if len(epoch) != EPOCH_BYTES:
            raise ValueError(f"an epoch has {EPOCH_BYTES} bytes")
        root = data_dir / "journal"
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        self = cls(root, epoch, fsync_every_s, segment_bytes, segment_s)
        # One process at a time, so that none claims a folder before its maker has locked it.
        entering = try_lock(root / LOCK_NAME, wait=True)
        assert entering is not None
        try:
            self.dead = claim_dead(root, epoch)
            self._make_folder()
        finally:
            os.close(entering)
        self._keeper.start()
        return self

    def reader(self) -> StreamReader:
        """A reader of this stream."""
        return StreamReader(self._folder, self._epoch, self.end)

    def end(self) -> Position:
        """The end of what has been written whole."""
        return self._end

    def append(self, records: Sequence[bytes]) -> bool:
        """Write records (ASCII JSON arrays) as one frame, in one write; never raises.

        :returns: False when the disk refused; then the clicks are counted in ``lost``.
        """
        if not records:
            return True
        data = frame(records)
        with self._lock:
            done = self._write(data)
            if not done:
                self.lost += len(records)
        if not done:
            if time.monotonic() >= self._next_report_s:
                self._due.set()
            return False
        if not self.written.is_set():
            self.written.set()
        if self._fsync_every_s == 0:
            self._sync()
        return True

    def release(self, position: Position) -> None:
        """Let go of what lies before ``position``, which must be durable elsewhere."""
        self._released = position
        self._delete_folded()

    def size_bytes(self) -> int:
        """The disk space of all streams' segments."""
        total = 0
        for path in self.root.glob("*/*.log"):
            with contextlib.suppress(OSError):  # folded meanwhile, and deleted
                total += path.stat().st_size
        return total

    def tend(self) -> None:
        """Seal what is old, delete what is folded, and notice when files are taken away.

        The keeper does it about once a second; any thread may.

        :raises OSError: the folder cannot be looked at, or made anew.
        """
        with self._tending:
            with self._lock:
                if self._closing:
                    return
                self._look_at_segment()
            self._hold_folder()
            self._delete_folded()

    def close(self) -> None:
        """End the stream; appends are refused from here on.

        What was not released stays for the next start, which claims the folder in any case.
        """
        with self._lock:
            self._closing = True
            self._seal()
        self._due.set()
        self._keeper.join()
        self._delete_folded()
        for stream in self.dead:
            stream.release()
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None

    def _delete_folded(self) -> None:
        with self._lock:
            is_all = self._fd is None and self._released >= self._end
            before = self._segment + 1 if is_all else self._released.segment
            if before <= self._deleted_before:
                return
        try:
            with deleting(self.root) as may:
                if not may:  # somebody copies them; the keeper comes again
                    return
                self.reader().delete_before(Position(self.stream, before, 0))
            self._deleted_before = before
        except OSError as error:
            self._deleted_before = before
            log.warning("folded segments of the journal cannot be deleted: %s", error)

    def _write(self, data: bytes) -> bool:
        if self._closing:
            return False
        try:
            if self._fd is not None and self._size and self._is_full(data):
                self._seal()
            if self._fd is None:
                self._open_segment()
            assert self._fd is not None
            if not self._size:
                data = header(self._epoch) + data
            count = os.write(self._fd, data)
        except OSError as error:
            self._last_error = error.strerror or repr(error)
            if error.errno not in _KEPT_OPEN:
                self._seal()
            return False
        if count < len(data):
            self._last_error = "only a part was written"
            self._seal()
            return False
        self._size += count
        self._end = Position(self.stream, self._segment, self._size)
        return True

    def _is_full(self, data: bytes) -> bool:
        return self._size + len(data) > self._segment_bytes

    def _open_segment(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._fd = os.open(segment_path(self._folder, self._segment + 1), flags, 0o600)
        self._segment += 1
        self._size = 0
        self._opened_s = time.monotonic()

    def _look_at_segment(self) -> None:
        if self._fd is None:
            return
        if not is_file(segment_path(self._folder, self._segment), self._fd):
            self._give_up_segment(self._fd)
        elif self._size and time.monotonic() - self._opened_s >= self._segment_s:
            self._seal()

    def _give_up_segment(self, fd: int) -> None:
        """Go on behind an open segment that somebody deleted or moved; say what that costs."""
        offset = self._released.offset if self._released.segment == self._segment else 0
        lost = count_records(fd, offset, self._size)
        log.error(
            "journal %s/%08d was taken away while it was written; up to %d clicks are lost",
            self.stream,
            self._segment,
            lost,
        )
        self.lost += lost
        self._last_error = "its open segment was taken away"
        self._seal()
        self._end = Position(self.stream, self._segment + 1, 0)
        self.written.set()  # so that the ledger comes to the new end

    def _hold_folder(self) -> None:
        """Make the folder and its lock, at the start and when somebody took them away."""
        if self._claim is not None and is_file(self._folder / LOCK_NAME, self._claim):
            return
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One process at a time, so that none claims a folder before its maker has locked it.
        entering = try_lock(self.root / LOCK_NAME)
        if entering is None:
            return  # at the next look
        try:
            self._make_folder()
        finally:
            os.close(entering)

    def _make_folder(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        claim = try_lock(self._folder / LOCK_NAME)
        former, self._claim = self._claim, claim
        if former is not None:
            os.close(former)
        sync_folder(self.root)

    def _seal(self) -> None:
        """Write no more to the open segment; the keeper closes it."""
        if self._fd is None:
            return
        self._retired.append(self._fd)
        self._fd = None
        if not self._size:  # nothing whole is in it: leave none behind on a full disk
            with contextlib.suppress(OSError):
                segment_path(self._folder, self._segment).unlink()
        self._due.set()

    def _keep(self) -> None:
        """Sync, close what is sealed and report losses, away from those who append."""
        every_s = self._fsync_every_s or _REPORT_EVERY_S
        next_sync_s = time.monotonic() + every_s
        while not self._closing:
            is_due = self._due.wait(min(every_s, _TEND_EVERY_S))
            self._due.clear()
            if is_due or time.monotonic() >= next_sync_s:
                next_sync_s = time.monotonic() + every_s
                self._sync()
            self._try_to_tend()
            self._report(is_last=False)
        self._sync()
        self._report(is_last=True)

    def _try_to_tend(self) -> None:
        trouble = ""
        try:
            self.tend()
        except OSError as error:
            trouble = error.strerror or repr(error)
        if trouble and trouble != self._trouble:
            log.error("the journal's folder cannot be looked after: %s", trouble)
        self._trouble = trouble

    def _sync(self) -> None:
        """Make durable what was written before the call; one fsync serves all who wait."""
        wanted = self._end
        with self._syncing:
            with self._lock:
                retired, self._retired = self._retired, []
                fd, end, segment = self._fd, self._end, self._segment
            try:
                if self._fsync_every_s is not None and self._synced < wanted:
                    for each in retired if fd is None else [*retired, fd]:
                        os.fsync(each)
                    if self._synced_segment < segment:
                        sync_folder(self._folder)
                    self._synced, self._synced_segment = end, segment
            except OSError as error:
                log.error("the journal could not be synced: %s", error.strerror)
            finally:
                for each in retired:
                    os.close(each)

    def _report(self, *, is_last: bool) -> None:
        now_s = time.monotonic()
        if self.lost == self._reported or (now_s < self._next_report_s and not is_last):
            return
        self._next_report_s = now_s + _REPORT_EVERY_S
        log.error(
            "the journal cannot be written (%s): %d clicks lost since the last report, %d in all",
            self._last_error,
            self.lost - self._reported,
            self.lost,
        )
        self._reported = self.lost
