"""PNGs of pages made small: with the 256 colours that most of their points have.

Pages have few colours; the many others are in the edges of letters, and go to the nearest one.
"""

from __future__ import annotations

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["smaller"]

Bytes = NDArray[np.uint8]

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOURS = 256


def smaller(png: bytes) -> bytes:
    """The same picture with a palette.

    :param png: as Chromium makes them: 8 bits, RGB or RGBA, not interlaced; nothing in it may be
        seen through.
    """
    parts = dict(_parts(png))
    width, height, depth, kind, _, _, interlaced = struct.unpack(">2I5B", parts[b"IHDR"])
    if depth != 8 or kind not in (2, 6) or interlaced:
        raise ValueError("not a PNG as Chromium makes them")
    points = _points(zlib.decompress(parts[b"IDAT"]), width, height, 3 if kind == 2 else 4)
    packed = points[..., 0].astype(np.uint32) << 16 | points[..., 1].astype(np.uint32) << 8
    packed |= points[..., 2]
    colours, places, counts = np.unique(packed.ravel(), return_inverse=True, return_counts=True)
    shades = np.stack([colours >> 16, colours >> 8 & 255, colours & 255], axis=1).astype(np.int32)
    kept = shades[np.argsort(-counts)[:_COLOURS]]
    nearest = np.array([np.argmin(((kept - each) ** 2).sum(axis=1)) for each in shades])
    lines = nearest[places].reshape(height, width).astype(np.uint8)
    plain = np.concatenate([np.zeros((height, 1), np.uint8), lines], axis=1).tobytes()
    return _SIGNATURE + b"".join(
        _part(name, data)
        for name, data in (
            (b"IHDR", struct.pack(">2I5B", width, height, 8, 3, 0, 0, 0)),
            (b"PLTE", kept.astype(np.uint8).tobytes()),
            (b"IDAT", zlib.compress(plain, 9)),
            (b"IEND", b""),
        )
    )


def _parts(png: bytes) -> list[tuple[bytes, bytes]]:
    """Names and contents; all pieces of the picture's data as one."""
    found: list[tuple[bytes, bytes]] = []
    data, at = b"", len(_SIGNATURE)
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at : at + 8])
        content = png[at + 8 : at + 8 + size]
        if name == b"IDAT":
            data += content
        else:
            found.append((name, content))
        at += size + 12
    return [*found, (b"IDAT", data)]


def _part(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def _points(raw: bytes, width: int, height: int, size: int) -> Bytes:
    """Undo the filters, line by line: RGB of each point."""
    lines = np.frombuffer(raw, np.uint8).reshape(height, 1 + width * size)
    above = bytearray(width * size)
    done = bytearray()
    for line in lines:
        above = _unfiltered(int(line[0]), bytearray(line[1:].tobytes()), above, size)
        done += above
    return np.frombuffer(bytes(done), np.uint8).reshape(height, width, size)[..., :3]


def _unfiltered(kind: int, line: bytearray, above: bytearray, size: int) -> bytearray:
    for i in range(len(line)) if kind else ():
        left = line[i - size] if i >= size else 0
        corner = above[i - size] if i >= size else 0
        guess = (0, left, above[i], (left + above[i]) // 2, _paeth(left, above[i], corner))[kind]
        line[i] = (line[i] + guess) & 255
    return line


def _paeth(left: int, above: int, corner: int) -> int:
    whole = left + above - corner
    by_left, by_above, by_corner = abs(whole - left), abs(whole - above), abs(whole - corner)
    if by_left <= by_above and by_left <= by_corner:
        return left
    return above if by_above <= by_corner else corner
