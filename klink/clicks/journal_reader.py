"""Reading a journal stream: whole frames from a position on, past whatever is damaged.

A stream is a folder of numbered segments, written by one process. The stream of a living
process is read up to what it says it has written; a dead one's segments are all sealed.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from klink.clicks.frames import FRAME_HEAD_BYTES, HEADER_BYTES, header, resync, scan
from klink.clicks.holding import deleting

log = logging.getLogger(__name__)


__all__ = [
    "LOCK_NAME",
    "Batch",
    "DeadStream",
    "Position",
    "StreamReader",
    "batch_begin",
    "claim_dead",
    "is_file",
    "segment_path",
    "segments_of",
    "sync_folder",
    "try_lock",
]

LOCK_NAME = "lock"
_FOREIGN = "foreign"
_STREAM_NAME = re.compile(r"[0-9a-f]{32}")
_SEGMENT_NAME = re.compile(r"(\d{8})\.log")


class Position(NamedTuple):
    """A place in a stream: before everything is (stream, 0, 0)."""

    stream: str
    segment: int
    offset: int


class Batch(NamedTuple):
    """What one read gave.

    ``payloads`` of whole frames, each JSON arrays joined by commas; the position ``next``
    after them; whether that is the end of what was written (``at_tail``).
    """

    payloads: list[bytes]
    next: Position
    at_tail: bool


def batch_begin(asked: Position, following: Position) -> Position:
    """Where the batch began that a read from ``asked`` gave, in its own segment.

    :param following: the batch's ``next``.
    """
    offset = asked.offset if asked.segment == following.segment else 0
    return following._replace(offset=max(offset, HEADER_BYTES))


def segment_path(folder: Path, segment: int) -> Path:
    """The file of a stream's segment."""
    return folder / f"{segment:08d}.log"


def segments_of(root: Path) -> list[tuple[str, int, Path]]:
    """Every segment below the folder of all streams: stream, number and file, in order."""
    found = []
    for path in root.glob("*/*.log"):
        match = _SEGMENT_NAME.fullmatch(path.name)
        if match and _STREAM_NAME.fullmatch(path.parent.name):
            found.append((path.parent.name, int(match[1]), path))
    return sorted(found)


class StreamReader:
    """Reads one stream's folder.

    :ivar damaged: places in the middle of segments that had to be skipped.
    :ivar foreign: segments of another database's life that were moved aside.
    :param end: of the living writer, what it has written whole; None for a dead stream.
    """

    def __init__(
        self, folder: Path, epoch: bytes, end: Callable[[], Position] | None = None
    ) -> None:
        self.stream = folder.name
        self.damaged = 0
        self.foreign = 0
        self._folder = folder
        self._header = header(epoch)
        self._end = end

    def read(self, position: Position, max_bytes: int) -> Batch:
        """Read on from ``position``: up to ``max_bytes``, but at least one frame.

        The batch may be empty before the tail, where something was skipped. Segments that
        are missing are passed over.

        :raises FileNotFoundError: the segment being written is not there; its writer notices
            and begins another.
        """
        end = None if self._end is None else self._end()
        for segment in self._segments(position, end):
            start = position.offset if segment == position.segment else 0
            path = segment_path(self._folder, segment)
            with path.open("rb", buffering=0) as file:
                fd = file.fileno()
                is_live = end is not None and segment == end.segment
                size = end.offset if end and is_live else os.fstat(fd).st_size
                usable = self._has_our_header(fd, segment, size)
                if usable and start < size:
                    return self._read_segment(
                        fd, Position(self.stream, segment, start), size, max_bytes, end
                    )
        if end is not None:
            position = max(position, end)
        return Batch([], position, at_tail=True)

    def waiting_bytes(self, position: Position) -> int:
        """How many bytes lie after ``position``."""
        end = None if self._end is None else self._end()
        waiting = 0
        with suppress(FileNotFoundError):  # folded and deleted meanwhile
            for segment in self._segments(position, end):
                size = segment_path(self._folder, segment).stat().st_size
                waiting += size - (position.offset if segment == position.segment else 0)
        return max(waiting, 0)

    def delete_before(self, position: Position) -> None:
        """Delete the segments before the one of ``position``, which must be durable."""
        for segment in self._numbers():
            if segment < position.segment:
                segment_path(self._folder, segment).unlink(missing_ok=True)

    def _numbers(self) -> list[int]:
        try:
            names = [_SEGMENT_NAME.fullmatch(path.name) for path in self._folder.iterdir()]
        except FileNotFoundError:  # somebody took the folder away
            return []
        return sorted(int(match[1]) for match in names if match)

    def _segments(self, position: Position, end: Position | None) -> list[int]:
        """The segments from ``position`` to ``end``; the usual case needs no listing."""
        if end is not None and position.segment == end.segment:
            return [end.segment] if position.offset < end.offset else []
        numbers = [number for number in self._numbers() if number >= position.segment]
        if end is None:
            return numbers
        # The open one is asked for even when it is missing: its loss is its writer's to tell.
        return [n for n in numbers if n < end.segment] + ([end.segment] if end.offset else [])

    def _has_our_header(self, fd: int, segment: int, size: int) -> bool:
        found = os.pread(fd, HEADER_BYTES, 0)
        if found == self._header:
            return True
        if size < HEADER_BYTES and self._header.startswith(found[:size]):
            return False  # the writer died before its first frame
        self._move_aside(segment)
        return False

    def _move_aside(self, segment: int) -> None:
        self.foreign += 1
        folder = self._folder.parent / _FOREIGN
        folder.mkdir(mode=0o700, exist_ok=True)
        target = folder / f"{self.stream}-{segment:08d}.log"
        segment_path(self._folder, segment).rename(target)
        log.warning("a journal segment is not of this database; moved to %s, not counted", target)

    def _read_segment(
        self, fd: int, position: Position, size: int, max_bytes: int, end: Position | None
    ) -> Batch:
        start = max(position.offset, HEADER_BYTES)
        payloads, offset = self._take(fd, position.segment, start, size, max_bytes)
        following = Position(self.stream, position.segment, offset)
        if end is not None:
            return Batch(payloads, following, at_tail=following >= end)
        is_last = position.segment >= max(self._numbers(), default=0)
        return Batch(payloads, following, at_tail=is_last and offset >= size)

    def _take(
        self, fd: int, segment: int, start: int, size: int, max_bytes: int
    ) -> tuple[list[bytes], int]:
        """Whole frames at ``start``, or none and where to go on after damage."""
        wanted = max(max_bytes, FRAME_HEAD_BYTES)
        found = scan(os.pread(fd, min(wanted, size - start), start))
        if not found.used and wanted < found.needed <= size - start:
            found = scan(os.pread(fd, found.needed, start))
        if found.used or start >= size:
            return found.payloads, start + found.used
        return [], self._skip(fd, segment, start, size)

    def _skip(self, fd: int, segment: int, start: int, size: int) -> int:
        """Where to go on when no whole frame begins at ``start``.

        With no whole frame behind it this is what a writer left that could not finish: a
        torn tail. A living writer's end is never inside a frame, so nothing is skipped
        that is yet to come.
        """
        following = resync(os.pread(fd, size - start, start), 0)
        if following is None:
            log.info("journal %s/%08d: a torn tail of %d bytes", self.stream, segment, size - start)
            return size
        self.damaged += 1
        log.error(
            "journal %s/%08d: %d bytes at %d are damaged; their clicks are lost",
            self.stream,
            segment,
            following,
            start,
        )
        return start + following


class DeadStream(StreamReader):
    """A stream whose writer is gone, claimed by this process until it is removed."""

    def __init__(self, folder: Path, epoch: bytes, lock: int) -> None:
        super().__init__(folder, epoch)
        self._lock: int | None = lock

    def remove(self) -> bool:
        """Delete the folder for good; durable when this returns.

        :returns: False, and all of it stays, while somebody holds the journal.
        """
        with deleting(self._folder.parent) as may:
            if not may:
                return False
            for segment in self._numbers():
                segment_path(self._folder, segment).unlink(missing_ok=True)
            (self._folder / LOCK_NAME).unlink(missing_ok=True)
            self._folder.rmdir()
            sync_folder(self._folder.parent)
        self.release()
        return True

    def release(self) -> None:
        """Let go of the stream; another process may claim it."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def claim_dead(root: Path, epoch: bytes) -> list[DeadStream]:
    """Claim every stream below ``root`` that no living process holds."""
    claimed = []
    for folder in sorted(root.iterdir()):
        if _STREAM_NAME.fullmatch(folder.name) and folder.is_dir():
            lock = try_lock(folder / LOCK_NAME)
            if lock is not None:
                claimed.append(DeadStream(folder, epoch, lock))
    return claimed


def try_lock(path: Path, *, wait: bool = False) -> int | None:
    """Lock a file, made if need be; its descriptor, or None when another holds it."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(fd)
        return None
    return fd


def is_file(path: Path, fd: int) -> bool:
    """Whether the file that is open as ``fd`` is still the one at ``path``."""
    try:
        return os.path.samestat(path.stat(), os.fstat(fd))
    except FileNotFoundError:
        return False


def sync_folder(folder: Path) -> None:
    """Make the folder's entries durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
