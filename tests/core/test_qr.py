"""QR codes: the right modules, at the right size, in colours that can be read."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
import segno

from klink.core import qr
from klink.core.errors import ValidationFailed
from klink.core.qr import Style

URL = "https://go.example.org/spring"

Pixels = list[list[int]]
"""1 for the second colour of the palette."""


def chunks(data: bytes) -> dict[bytes, bytes]:
    """The parts of a PNG, whose checksums are right."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, at = {}, 8
    while at < len(data):
        (long,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + long]
        assert struct.unpack(">I", data[at + 8 + long : at + 12 + long])[0] == zlib.crc32(
            name + body
        )
        found[name] = body
        at += 12 + long
    return found


def pixels(data: bytes) -> Pixels:
    """A PNG of ours, read."""
    parts = chunks(data)
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", parts[b"IHDR"])
    assert (depth, colour, rest) == (1, 3, [0, 0, 0])
    lines = zlib.decompress(parts[b"IDAT"])
    long = 1 + (width + 7) // 8
    assert len(lines) == long * height
    found = []
    for y in range(height):
        line = lines[y * long : (y + 1) * long]
        assert line[0] == 0
        found.append([line[1 + x // 8] >> (7 - x % 8) & 1 for x in range(width)])
    return found


def modules(image: Pixels, scale: int, margin: int) -> list[list[int]]:
    """What a scanner sees: each module once, from its middle."""
    side = (len(image) - 2 * margin) // scale
    middle = [margin + scale * i + scale // 2 for i in range(side)]
    return [[image[y][x] for x in middle] for y in middle]


def expected(error: str = "M", url: str = URL) -> list[list[int]]:
    return [list(row) for row in segno.make(url, error=error, micro=False).matrix]


def drawn(document: bytes) -> tuple[Pixels, str]:
    """The modules of an SVG of ours, quiet zone and all, and the colour of the ground."""
    root = ET.fromstring(document)
    side = int(root.attrib["viewBox"].split()[2])
    *ground, squares = root
    found = [[0] * side for _ in range(side)]
    runs = re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", squares.attrib["d"])
    assert "".join(f"M{x} {y}h{w}v1h-{b}z" for x, y, w, b in runs) == squares.attrib["d"]
    for x, y, wide, back in runs:
        assert wide == back
        for i in range(int(wide)):
            found[int(y)][int(x) + i] = 1
    return found, ground[0].attrib["fill"] if ground else "none"


@pytest.mark.parametrize("error", qr.ERRORS)
@pytest.mark.parametrize("size", [64, 100, 512, 2048])
def test_a_png_has_the_modules_of_the_url_and_exactly_its_size(size: int, error: str):
    image = pixels(qr.png(URL, Style(size=size, error=error)))
    assert {len(image), *map(len, image)} == {size}
    wanted = expected(error)
    scale = size // (len(wanted) + 8)
    margin = (size - scale * len(wanted)) // 2
    assert margin >= 4 * scale
    image = [row[: margin * 2 + scale * len(wanted)] for row in image]
    assert modules(image[: len(image[0])], scale, margin) == wanted


def test_every_pixel_of_a_module_has_its_colour_and_the_rest_is_quiet():
    image = pixels(qr.png(URL, Style(size=300, border=1)))
    wanted = expected()
    scale = 300 // (len(wanted) + 2)
    margin = (300 - scale * len(wanted)) // 2
    for y, row in enumerate(image):
        for x, pixel in enumerate(row):
            j, i = (y - margin) // scale, (x - margin) // scale
            inside = 0 <= j < len(wanted) and 0 <= i < len(wanted)
            assert pixel == (wanted[j][i] if inside else 0)


@pytest.mark.parametrize("border", [0, 4, 16])
def test_an_svg_has_the_modules_of_the_url_inside_its_quiet_zone(border: int):
    found, ground = drawn(qr.svg(URL, Style(border=border)))
    wanted = expected()
    side = len(wanted)
    assert len(found) == side + 2 * border
    inner = [row[border : border + side] for row in found[border : border + side]]
    assert inner == wanted
    assert sum(map(sum, found)) == sum(map(sum, wanted))
    assert ground == "#ffffff"


def test_an_svg_says_its_size_and_can_be_shown_at_any():
    root = ET.fromstring(qr.svg(URL, Style(size=200)))
    assert (root.attrib["width"], root.attrib["height"]) == ("200", "200")


def test_the_colours_are_those_asked_for():
    style = Style(dark="#102030", light="fed")
    _, ground = drawn(qr.svg(URL, style))
    assert ground == "#ffeedd"
    assert b'fill="#102030"' in qr.svg(URL, style)
    parts = chunks(qr.png(URL, style))
    assert parts[b"PLTE"] == bytes.fromhex("ffeedd102030")
    assert b"tRNS" not in parts


def test_a_transparent_ground_is_none():
    style = Style(light="transparent")
    assert drawn(qr.svg(URL, style))[1] == "none"
    assert chunks(qr.png(URL, style))[b"tRNS"] == b"\0"


def test_the_shortest_known_code_is_drawn_as_the_standard_has_it():
    """A finder in three corners, and the dark module that every code has."""
    matrix = modules(pixels(qr.png("https://x.io/a", Style(size=87))), 3, 12)
    ring = [1] * 7
    assert matrix[0][:7] == ring == matrix[6][:7] == matrix[0][-7:] == matrix[-1][:7]
    assert matrix[-8][8] == 1
    assert matrix[6][8:-8] == [1 - i % 2 for i in range(len(matrix) - 16)]


REFUSED: list[tuple[dict[str, Any], str, str]] = [
    ({"size": 63}, "size", "must be 64 to 2048 pixels"),
    ({"size": 2049}, "size", "must be 64 to 2048 pixels"),
    ({"border": -1}, "border", "must be 0 to 16 modules"),
    ({"border": 17}, "border", "must be 0 to 16 modules"),
    ({"error": "X"}, "error", "must be one of L, M, Q, H"),
    ({"dark": "red"}, "dark", "must be a colour like #1a2b3c"),
    ({"dark": "transparent"}, "dark", "must be a colour like #1a2b3c"),
    ({"light": '#fff"/>'}, "light", "must be a colour like #fafafa, or transparent"),
    ({"light": "#ffff"}, "light", "must be a colour like #fafafa, or transparent"),
    ({"dark": "#fff", "light": "#000"}, "dark", "must be darker than light"),
    ({"dark": "#777", "light": "#777"}, "dark", "must be darker than light"),
    ({"dark": "#888", "light": "#ccc"}, "dark", "has a contrast of 2.2 : 1 to light"),
    ({"dark": "#ffd700", "light": "transparent"}, "dark", "1.4 : 1 to white paper"),
]


@pytest.mark.parametrize("more, name, text", REFUSED)
def test_what_no_scanner_could_read_is_refused_with_a_reason(
    more: dict[str, Any], name: str, text: str
):
    for draw in (qr.svg, qr.png):
        with pytest.raises(ValidationFailed) as refused:
            draw(URL, replace(Style(), **more))
        assert list(refused.value.errors) == [name]
        assert text in refused.value.errors[name][0]


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(ValidationFailed) as refused:
        qr.svg(URL, Style(size=1, border=99, error="Z", dark="x", light="y"))
    assert list(refused.value.errors) == ["size", "border", "error", "dark", "light"]


def test_a_png_with_less_than_a_pixel_a_module_is_refused():
    long = f"https://go.example.org/{'x' * 200}"
    with pytest.raises(ValidationFailed) as refused:
        qr.png(long, Style(size=64, error="H", border=16))
    assert "at least: this code has" in refused.value.errors["size"][0]
    assert qr.svg(long, Style(size=64, error="H", border=16))


def test_each_picture_has_a_name_of_its_own():
    styles = [Style(), Style(size=100), Style(dark="#111"), Style(border=0), Style(error="H")]
    names = [qr.etag(URL, style, "svg") for style in styles]
    names += [qr.etag(URL, Style(), "png"), qr.etag(URL + "x", Style(), "svg")]
    assert len(set(names)) == len(names)
    assert qr.etag(URL, Style(), "svg") == names[0]
