"""WebP (RFC 9649): chunks in a RIFF file."""

from __future__ import annotations

import struct

from klink.core.bio.pictures.still import DAMAGED, Broken, Still

__all__ = ["is_one", "read"]

_ANIMATED, _COLOUR, _ALPHA = 0x02, 0x20, 0x10
_KEPT = (b"ICCP", b"ALPH", b"VP8 ", b"VP8L")
_PIXELS = (b"VP8 ", b"VP8L")


def is_one(data: bytes) -> bool:
    """Whether a file says that it is one."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def read(data: bytes) -> Still:
    """The picture in a file.

    :raises Broken, struct.error: it moves, or is damaged.
    """
    (size,) = struct.unpack_from("<I", data, 4)
    end, at = 8 + size, 12
    if end > len(data):
        raise Broken(DAMAGED)
    kept: list[bytes] = []
    sizes: list[tuple[int, int]] = []
    canvas: tuple[int, int] | None = None
    while at < end:
        kind, length = struct.unpack_from("<4sI", data, at)
        body = data[at + 8 : at + 8 + length]
        if at + 8 + length > end:
            raise Broken(DAMAGED)
        at += 8 + length + (length & 1)
        if kind == b"VP8X":
            if kept:  # it comes first
                raise Broken(DAMAGED)
            canvas = _canvas(body)
            kept.append(_chunk(kind, bytes([body[0] & (_COLOUR | _ALPHA)]) + body[1:10]))
        elif kind in _KEPT:
            kept.append(_chunk(kind, body))
        if kind in _PIXELS:
            sizes.append(_lossy(body) if kind == b"VP8 " else _lossless(body))
    if len(sizes) != 1 or canvas not in (None, sizes[0]):
        raise Broken(DAMAGED)
    whole = b"WEBP" + b"".join(kept)
    return Still(*sizes[0], b"RIFF" + struct.pack("<I", len(whole)) + whole)


def _canvas(body: bytes) -> tuple[int, int]:
    if len(body) < 10:
        raise Broken(DAMAGED)
    if body[0] & _ANIMATED:
        raise Broken("must not move; choose a picture that stands still")
    return (
        int.from_bytes(body[4:7], "little") + 1,
        int.from_bytes(body[7:10], "little") + 1,
    )


def _lossy(body: bytes) -> tuple[int, int]:
    """The size in a VP8 frame (RFC 6386, 9.1); its upper bits are a scale, which nobody heeds."""
    if body[3:6] != b"\x9d\x01\x2a" or body[0] & 1:  # it must be a key frame
        raise Broken(DAMAGED)
    width, height = struct.unpack_from("<HH", body, 6)
    return width & 0x3FFF, height & 0x3FFF


def _lossless(body: bytes) -> tuple[int, int]:
    if body[0] != 0x2F:
        raise Broken(DAMAGED)
    (bits,) = struct.unpack_from("<I", body, 1)
    return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1


def _chunk(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) & 1)
