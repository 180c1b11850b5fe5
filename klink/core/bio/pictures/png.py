"""PNG (W3C, third edition): chunks, each with a checksum."""

from __future__ import annotations

import struct
import zlib

from klink.core.bio.pictures.still import DAMAGED, Broken, Still

__all__ = ["is_one", "read"]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_HEADER_BYTES = 13

# What decides how the picture looks. Not texts, times, EXIF, nor the frames of an animation.
_KEPT = frozenset(
    (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT",
     b"cICP")
)  # fmt: skip


def is_one(data: bytes) -> bool:
    """Whether a file says that it is one."""
    return data.startswith(_SIGNATURE)


def read(data: bytes) -> Still:
    """The picture in a file; of an animation the picture that stands for it.

    :raises Broken, struct.error: it is damaged.
    """
    kept, at, seen = [_SIGNATURE], len(_SIGNATURE), b""
    width = height = 0
    has_pixels = False
    while seen != b"IEND":
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        (checksum,) = struct.unpack_from(">I", data, end - 4)
        if zlib.crc32(data[at + 4 : end - 4]) != checksum:
            raise Broken(DAMAGED)
        if (kind == b"IHDR") != (not seen):  # it comes first, and once
            raise Broken(DAMAGED)
        if kind == b"IHDR":
            if length != _HEADER_BYTES:
                raise Broken(DAMAGED)
            width, height = struct.unpack_from(">II", data, at + 8)
        is_needed = not kind[0] & 0x20  # by the case of its first letter
        if is_needed and kind not in _KEPT:
            raise Broken("is a PNG of a kind that browsers do not show; save it again")
        if kind in _KEPT:
            kept.append(data[at:end])
        has_pixels = has_pixels or kind == b"IDAT"
        at, seen = end, kind
    if not has_pixels:
        raise Broken(DAMAGED)
    return Still(width, height, b"".join(kept))
