"""The pictures of the admin page: none is left out, and small ones stay what they were."""

from __future__ import annotations

import struct
import zlib

import pytest
from flask import Response

from klink.admin import SCREENS
from klink.admin.screens import Screens
from scripts.pictures import tour
from scripts.pictures.palette import smaller


def test_every_screen_has_a_picture() -> None:
    assert {"overview", "links_table", "sign_in", "set_up"} <= tour.names()


def test_a_screen_without_a_picture_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = Screens()

    @fresh.at("/fresh", needs="read")
    def nobody_thought_of_it() -> Response:
        return Response()

    monkeypatch.setattr(tour, "SCREENS", (*SCREENS, fresh))
    with pytest.raises(LookupError, match="nobody_thought_of_it"):
        tour.names()


def test_the_pictures_have_names_of_their_own() -> None:
    names = [stop.name for stop in (*tour.STOPS, *tour.ENTRANCE, *tour.EMPTY)]
    assert len(names) == len(set(names))


def test_a_small_picture_has_the_same_points() -> None:
    points = [[(x, y, 200) for x in range(7)] for y in range(5)]
    lines = [bytes(value for point in line for value in point) for line in points]
    assert drawn(smaller(png(lines))) == points


def png(lines: list[bytes]) -> bytes:
    """A picture of RGB lines, each with another filter."""
    raw, above = b"", bytes(len(lines[0]))
    for kind, line in enumerate(lines):
        raw += bytes([kind]) + filtered(kind, line, above)
        above = line
    head = struct.pack(">2I5B", len(lines[0]) // 3, len(lines), 8, 2, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(raw)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in parts
    )


def filtered(kind: int, line: bytes, above: bytes) -> bytes:
    made = bytearray()
    for i, value in enumerate(line):
        left, corner = (line[i - 3], above[i - 3]) if i >= 3 else (0, 0)
        up = above[i]
        whole = left + up - corner
        paeth = min((left, up, corner), key=lambda each: abs(whole - each))
        made.append((value - (0, left, up, (left + up) // 2, paeth)[kind]) & 255)
    return bytes(made)


def drawn(picture: bytes) -> list[list[tuple[int, ...]]]:
    """The points of a picture with a palette."""
    parts, at = {}, 8
    while at < len(picture):
        size, name = struct.unpack(">I4s", picture[at : at + 8])
        parts[name], at = picture[at + 8 : at + 8 + size], at + size + 12
    width, height = struct.unpack(">2I", parts[b"IHDR"][:8])
    raw, colours = zlib.decompress(parts[b"IDAT"]), parts[b"PLTE"]
    lines = [raw[y * (width + 1) + 1 : (y + 1) * (width + 1)] for y in range(height)]
    return [[tuple(colours[3 * i : 3 * i + 3]) for i in line] for line in lines]
