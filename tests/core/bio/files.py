"""Picture files, put together by hand, and what else may be in such a file."""

from __future__ import annotations

import struct
import zlib

__all__ = ["PNG_SIGNATURE", "chunk", "exif", "jpeg", "png", "riff", "segment", "webp"]

PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"

# A grey pixel, as a JPEG library writes it: tables, frame, scan.
_QUANTISATION = b"\0" + bytes([16] * 64)
_DC = b"\0" + bytes([0, 1] + [0] * 14) + b"\0"
_AC = b"\x10" + bytes([0, 1] + [0] * 14) + b"\0"
_SCAN = b"\x01\x01\x00\x00\x3f\x00"


def chunk(kind: bytes, body: bytes = b"") -> bytes:
    """A chunk of PNG, with its checksum."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int = 1, height: int = 1, *more: bytes, after: bytes = b"") -> bytes:
    """A black picture.

    :param more: chunks between header and pixels.
    :param after: what follows its end.
    """
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" * ((min(width, 64) + 1) * min(height, 64)))
    parts = [chunk(b"IHDR", header), *more, chunk(b"IDAT", pixels), chunk(b"IEND")]
    return PNG_SIGNATURE + b"".join(parts) + after


def segment(marker: int, body: bytes) -> bytes:
    """A segment of JPEG."""
    return struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body


def jpeg(width: int = 8, height: int = 8, *more: bytes, after: bytes = b"") -> bytes:
    """A grey picture; ``more`` are segments at its beginning."""
    frame = struct.pack(">BHHB", 8, height, width, 1) + b"\x01\x11\x00"
    parts = [
        segment(0xDB, _QUANTISATION),
        segment(0xC0, frame),
        segment(0xC4, _DC),
        segment(0xC4, _AC),
        segment(0xDA, _SCAN),
    ]
    return b"\xff\xd8" + b"".join([*more, *parts]) + b"\x3f\xff\x00\xff\xd9" + after


def exif(orientation: int = 1, order: str = "<", extra: bytes = b"GPS 48.2N 16.4E") -> bytes:
    """A segment as cameras write it: which side is up, and more than anybody wants to tell."""
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HI", 42, 8)
    entries = struct.pack(f"{order}HHHIHH", 1, 0x0112, 3, 1, orientation, 0)
    return segment(0xE1, b"Exif\0\0" + head + entries + b"\0\0\0\0" + extra)


def riff(*chunks: tuple[bytes, bytes]) -> bytes:
    """A RIFF file of WebP."""
    body = b"WEBP"
    for kind, data in chunks:
        body += kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) & 1)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def webp(width: int = 1, height: int = 1, *more: tuple[bytes, bytes], flags: int = 0) -> bytes:
    """A lossless picture; with ``more`` chunks, behind it, an extended one."""
    bits = (width - 1) | (height - 1) << 14
    pixels = (b"VP8L", b"\x2f" + struct.pack("<I", bits) + b"\x07\x10\x11\x11\x88\x88\x08")
    if not more:
        return riff(pixels)
    size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
    return riff((b"VP8X", bytes([flags, 0, 0, 0]) + size), pixels, *more)
