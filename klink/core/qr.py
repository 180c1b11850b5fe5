"""QR codes of short URLs, as SVG and PNG, in colours that scanners can read."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from dataclasses import astuple, dataclass
from functools import lru_cache
from typing import Literal

import segno

from klink.core.errors import ValidationFailed
from klink.core.problems import Problems

__all__ = [
    "ERRORS",
    "MAX_BORDER",
    "MAX_SIZE",
    "MIN_CONTRAST",
    "MIN_SIZE",
    "TRANSPARENT",
    "Style",
    "check",
    "colour",
    "etag",
    "png",
    "svg",
]

MIN_SIZE, MAX_SIZE = 64, 2048
MAX_BORDER = 16
ERRORS = ("L", "M", "Q", "H")
"""Levels of error correction: about 7, 15, 25 and 30 % of a code may be unreadable."""

TRANSPARENT = "transparent"
MIN_CONTRAST = 3.0
"""Of the two colours' luminances (WCAG's ratio): below it cameras lose the edges."""

_COLOUR = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")
_WHITE = (255, 255, 255)
_DRAWN = 1  # to be raised when the same style is drawn otherwise

Rgb = tuple[int, int, int]
Matrix = tuple[bytes, ...]
"""Rows of modules, 1 for a dark one, without the quiet zone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """What a code looks like.

    :param size: width and height in pixels; an SVG may be shown at any other.
    :param dark: colour of the squares, ``#rrggbb`` or ``#rgb``, with or without its ``#``.
    :param light: colour of the ground, likewise, or ``transparent``.
    :param border: width of the quiet zone around it, in modules; the standard asks for 4.
    :param error: the least level of error correction; a higher one is taken where it costs no
        room.
    """

    size: int = 512
    dark: str = "#000000"
    light: str = "#ffffff"
    border: int = 4
    error: str = "M"


def check(url: str, style: Style) -> None:
    """Refuse a style in which the code of a URL cannot be drawn as each of its pictures.

    :raises ValidationFailed: as :func:`png`.
    """
    _checked(style)
    _pixels_a_module(_matrix(url, style.error), style)


def colour(text: str) -> str | None:
    """A colour as ``#rrggbb``; None for what is none."""
    found = _rgb(text)
    return None if found is None else _hex(found)


def svg(url: str, style: Style) -> bytes:
    """The code of a URL as an SVG document.

    :raises ValidationFailed: the style, or the two colours together.
    """
    dark, light = _checked(style)
    matrix = _matrix(url, style.error)
    side = len(matrix) + 2 * style.border
    ground = "" if light is None else f'<path fill="{_hex(light)}" d="M0 0h{side}v{side}H0z"/>'
    document = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{style.size}" height="{style.size}" '
        f'viewBox="0 0 {side} {side}" shape-rendering="crispEdges">'
        f'{ground}<path fill="{_hex(dark)}" d="{_path(matrix, style.border)}"/></svg>\n'
    )
    return document.encode()


def png(url: str, style: Style) -> bytes:
    """The code of a URL as a PNG of exactly ``style.size`` pixels.

    A module has a whole number of pixels; what is left over makes the quiet zone wider.

    :raises ValidationFailed: as :func:`svg`, and a size with less than a pixel a module.
    """
    dark, light = _checked(style)
    matrix = _matrix(url, style.error)
    scale = _pixels_a_module(matrix, style)
    margin = (style.size - len(matrix) * scale) // 2
    blank = _packed([0] * style.size)
    lines = [blank] * margin
    for row in matrix:
        dots = [bit for bit in row for _ in range(scale)]
        after = style.size - margin - len(dots)
        lines += [_packed([0] * margin + dots + [0] * after)] * scale
    lines += [blank] * (style.size - len(lines))
    return _png(style.size, b"".join(lines), dark, light)


def etag(url: str, style: Style, kind: Literal["svg", "png"]) -> str:
    """What names a picture: another one has another; nothing is drawn for it."""
    told = repr((_DRAWN, segno.__version__, kind, url, astuple(style)))
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _checked(style: Style) -> tuple[Rgb, Rgb | None]:
    """Both colours; None is transparent."""
    problems = Problems()
    if not MIN_SIZE <= style.size <= MAX_SIZE:
        problems.add("size", f"must be {MIN_SIZE} to {MAX_SIZE} pixels")
    if not 0 <= style.border <= MAX_BORDER:
        problems.add("border", f"must be 0 to {MAX_BORDER} modules")
    if style.error not in ERRORS:
        problems.add("error", f"must be one of {', '.join(ERRORS)}")
    dark = _rgb(style.dark)
    if dark is None:
        problems.add("dark", "must be a colour like #1a2b3c")
    light = None if style.light == TRANSPARENT else _rgb(style.light)
    if light is None and style.light != TRANSPARENT:
        problems.add("light", f"must be a colour like #fafafa, or {TRANSPARENT}")
    problems.raise_if_any()
    assert dark is not None
    _check_contrast(dark, light)
    return dark, light


def _pixels_a_module(matrix: Matrix, style: Style) -> int:
    side = len(matrix) + 2 * style.border
    if style.size < side:
        told = f"must be {side} at least: this code has {side} modules a side, with its border"
        raise ValidationFailed({"size": [told]})
    return style.size // side


def _check_contrast(dark: Rgb, light: Rgb | None) -> None:
    """Refuse what no scanner reads; of a transparent ground is hoped that it is white."""
    one, other = _luminance(dark), _luminance(light or _WHITE)
    if one >= other:
        told = "must be darker than light: scanners look for dark squares on a light ground"
        raise ValidationFailed({"dark": [told]})
    contrast = (other + 0.05) / (one + 0.05)
    if contrast < MIN_CONTRAST:
        against = "light" if light is not None else "white paper"
        told = (
            f"has a contrast of {contrast:.1f} : 1 to {against}, and scanners need "
            f"{MIN_CONTRAST:.0f} : 1; take a darker one"
        )
        raise ValidationFailed({"dark": [told]})


def _rgb(text: str) -> Rgb | None:
    found = _COLOUR.fullmatch(text)
    if found is None:
        return None
    digits = found[1] if len(found[1]) == 6 else "".join(2 * digit for digit in found[1])
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


def _hex(colour: Rgb) -> str:
    return f"#{bytes(colour).hex()}"


def _luminance(colour: Rgb) -> float:
    """Relative luminance, 0 to 1 (WCAG 2)."""
    parts = [value / 255 for value in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(maxsize=128)
def _matrix(url: str, error: str) -> Matrix:
    code = segno.make(url, error=error, micro=False)
    return tuple(bytes(row) for row in code.matrix)


def _path(matrix: Matrix, border: int) -> str:
    """Runs of dark modules as one path."""
    found = []
    for y, row in enumerate(matrix):
        for run in re.finditer(rb"\x01+", row):
            long = run.end() - run.start()
            found.append(f"M{border + run.start()} {border + y}h{long}v1h-{long}z")
    return "".join(found)


def _packed(bits: list[int]) -> bytes:
    """A line of a PNG with one bit a pixel, behind its filter: none."""
    text = "".join(map(str, bits)).ljust(-(-len(bits) // 8) * 8, "0")
    return b"\0" + int(text, 2).to_bytes(len(text) // 8, "big")


def _png(size: int, lines: bytes, dark: Rgb, light: Rgb | None) -> bytes:
    """A PNG with a palette of two colours (RFC 2083): 0 is light, 1 is dark."""
    head = struct.pack(">IIBBBBB", size, size, 1, 3, 0, 0, 0)
    seen = b"" if light is not None else _chunk(b"tRNS", b"\0")
    return b"".join(
        (
            b"\x89PNG\r\n\x1a\n",
            _chunk(b"IHDR", head),
            _chunk(b"PLTE", bytes(light or _WHITE) + bytes(dark)),
            seen,
            _chunk(b"IDAT", zlib.compress(lines, 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
