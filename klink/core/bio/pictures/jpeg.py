"""JPEG (ITU-T T.81): segments behind markers, and between them the scans."""

from __future__ import annotations

import re
import struct

from klink.core.bio.pictures.still import DAMAGED, Broken, Still

__all__ = ["is_one", "read"]

_START, _END, _SCAN = 0xD8, 0xD9, 0xDA
_JFIF, _EXIF, _ICC, _ADOBE, _COMMENT = 0xE0, 0xE1, 0xE2, 0xEE, 0xFE
_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
_APPLICATION = range(0xE0, 0xF0)
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers with nothing behind them

# Where a scan ends: at a marker that is neither a stuffed byte nor a restart.
_NEXT = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")

_UPRIGHT = 1
_ORIENTATION = 0x0112
_SHORT = 3  # the type of its value
_MOST_ENTRIES = 200


def is_one(data: bytes) -> bool:
    """Whether a file says that it is one."""
    return data.startswith(b"\xff\xd8\xff")


def read(data: bytes) -> Still:
    """The picture in a file, as upright as it was.

    A phone keeps a picture as its sensor saw it and says in EXIF which side is up; that alone
    is kept of it.

    :raises Broken, struct.error, IndexError: it is damaged.
    """
    kept, at, size = [b""], 2, None
    orientation = _UPRIGHT
    while True:
        marker, at = _marker(data, at)
        if marker == _END:
            break
        if marker in _ALONE:
            raise Broken(DAMAGED)
        (length,) = struct.unpack_from(">H", data, at)
        body = data[at + 2 : at + length]
        if len(body) != length - 2:
            raise Broken(DAMAGED)
        if marker in _FRAMES:
            if size is not None:
                raise Broken(DAMAGED)
            size = struct.unpack_from(">HH", body, 1)
        if marker == _EXIF and orientation == _UPRIGHT:
            orientation = _orientation(body)
        body = _kept(marker, body)
        if body:
            kept.append(_segment(marker, body))
        at += length
        if marker == _SCAN:
            scan_end = _end_of_scan(data, at)
            kept.append(data[at:scan_end])
            at = scan_end
    if size is None or not any(part.startswith(b"\xff\xda") for part in kept):
        raise Broken(DAMAGED)
    height, width = size
    if orientation != _UPRIGHT:
        kept[0] = _segment(_EXIF, _exif(orientation))
    return Still(width, height, b"\xff\xd8" + b"".join(kept) + b"\xff\xd9")


def _marker(data: bytes, at: int) -> tuple[int, int]:
    """The marker at a place, and where what follows it begins."""
    if data[at] != 0xFF:
        raise Broken(DAMAGED)
    while data[at] == 0xFF:  # any number of them may fill
        at += 1
    return data[at], at + 1


def _end_of_scan(data: bytes, at: int) -> int:
    found = _NEXT.search(data, at)
    if found is None:
        raise Broken(DAMAGED)
    return found.start()


def _kept(marker: int, body: bytes) -> bytes:
    """What is kept of a segment's body; nothing: the segment goes."""
    if marker == _JFIF and body.startswith(b"JFIF\0") and len(body) >= 14:
        return body[:12] + b"\0\0"  # without its thumbnail
    if marker in _APPLICATION:
        is_colour = (marker == _ICC and body.startswith(b"ICC_PROFILE\0")) or (
            marker == _ADOBE and body.startswith(b"Adobe")
        )
        return body if is_colour else b""
    return b"" if marker == _COMMENT else body


def _segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def _orientation(body: bytes) -> int:
    """What EXIF says of how the picture is to be turned: 1 to 8."""
    tiff = body[6:]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(tiff[:4], "")
    if not body.startswith(b"Exif\0\0") or not order:
        return _UPRIGHT
    try:
        (at,) = struct.unpack_from(f"{order}I", tiff, 4)
        (entries,) = struct.unpack_from(f"{order}H", tiff, at)
        for number in range(min(entries, _MOST_ENTRIES)):
            entry = struct.unpack_from(f"{order}HHIH", tiff, at + 2 + 12 * number)
            if entry[:3] == (_ORIENTATION, _SHORT, 1):
                return int(entry[3]) if 1 <= entry[3] <= 8 else _UPRIGHT
    except struct.error:
        pass
    return _UPRIGHT


def _exif(orientation: int) -> bytes:
    """EXIF that says only how the picture is to be turned."""
    entry = struct.pack(">HHIHH", _ORIENTATION, _SHORT, 1, orientation, 0)
    return b"Exif\0\0" + struct.pack(">2sHIH", b"MM", 42, 8, 1) + entry + b"\0\0\0\0"
