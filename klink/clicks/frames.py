"""The bytes of a journal segment: a header, then frames.

A segment begins with a magic (which holds the version of the format) and the 16 bytes
that name the database's life. A frame is two marker bytes, the length and the CRC-32 of
its payload, and the payload: one or more JSON arrays joined by commas, one array a visit.
Payloads are ASCII, so a marker never occurs inside one, and after damage the next whole
frame is found by looking for it.
"""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Sequence
from typing import NamedTuple
from zlib import crc32

MAGIC = b"klinkJ1\n"
EPOCH_BYTES = 16
HEADER_BYTES = len(MAGIC) + EPOCH_BYTES

_MARKER = b"\xf5\xc3"
_HEAD = struct.Struct("<2sII")
FRAME_HEAD_BYTES = _HEAD.size


def header(epoch: bytes) -> bytes:
    """The first bytes of a segment that belongs to the database life ``epoch``."""
    return MAGIC + epoch


def frame(records: Sequence[bytes]) -> bytes:
    """One frame that carries ``records``, each an ASCII JSON array."""
    payload = b",".join(records)
    return _HEAD.pack(_MARKER, len(payload), crc32(payload)) + payload


class Scan(NamedTuple):
    """What :func:`scan` found.

    ``payloads`` of whole frames from the start of the data; ``used`` bytes they took;
    ``needed`` bytes of data, counted from ``used``, that the next frame claims to take
    (0 when its head is incomplete or is none at all).
    """

    payloads: list[bytes]
    used: int
    needed: int


def scan(data: bytes) -> Scan:
    """Take whole, undamaged frames from the start of ``data``."""
    payloads: list[bytes] = []
    at, end = 0, len(data)
    while at + FRAME_HEAD_BYTES <= end:
        marker, length, crc = _HEAD.unpack_from(data, at)
        start = at + FRAME_HEAD_BYTES
        if marker != _MARKER:
            return Scan(payloads, at, 0)
        if start + length > end:
            return Scan(payloads, at, FRAME_HEAD_BYTES + length)
        payload = data[start : start + length]
        if crc32(payload) != crc:
            return Scan(payloads, at, 0)
        payloads.append(payload)
        at = start + length
    return Scan(payloads, at, 0)


def resync(data: bytes, at: int) -> int | None:
    """Where the next whole frame after ``at`` begins, or None when there is none."""
    while (at := data.find(_MARKER, at + 1)) >= 0:
        if at + FRAME_HEAD_BYTES > len(data):
            return None
        _, length, crc = _HEAD.unpack_from(data, at)
        start = at + FRAME_HEAD_BYTES
        if start + length <= len(data) and crc32(data[start : start + length]) == crc:
            return at
    return None


def count_records(fd: int, start: int, end: int) -> int:
    """How many records lie in a segment from the frame at ``start`` (0: the first) to ``end``."""
    start = max(start, HEADER_BYTES)
    payloads = scan(os.pread(fd, max(end - start, 0), start)).payloads
    return sum(map(_records_in, payloads))


def _records_in(payload: bytes) -> int:
    try:
        return len(json.loads(b"[" + payload + b"]"))
    except (ValueError, RecursionError):  # whatever it is, it was one thing
        return 1
