"""Pictures as people send them, made fit to be shown to strangers.

What a file is its bytes say, and nobody else. Of a file only what makes up the picture is kept:
where and by what it was taken, thumbnails, comments, and whatever hides behind its end, go.
Nothing is decoded, so the pixels are those that were sent.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from dataclasses import dataclass

from klink.core.bio.pictures import jpeg, png, webp
from klink.core.bio.pictures.still import Broken, Still
from klink.core.errors import ValidationFailed

__all__ = ["MAX_BYTES", "MAX_SIDE", "CleanPicture", "cleaned"]

MAX_BYTES = 256 * 1024
MAX_SIDE = 2000
"""Pixels that a picture may be wide or high; a browser needs four bytes for each."""

_KINDS: tuple[tuple[Callable[[bytes], bool], str, Callable[[bytes], Still]], ...] = (
    (png.is_one, "image/png", png.read),
    (jpeg.is_one, "image/jpeg", jpeg.read),
    (webp.is_one, "image/webp", webp.read),
)


@dataclass(frozen=True, slots=True)
class CleanPicture:
    """A picture without anything else in its file.

    :ivar hash: names these bytes, in 32 hexadecimal digits.
    """

    type: str
    width: int
    height: int
    data: bytes
    hash: str


def cleaned(data: bytes) -> CleanPicture:
    """The picture in a file.

    :raises ValidationFailed: on ``picture``: too large, none of the three kinds, or damaged.
    """
    if not data:
        raise _refusal("choose a file")
    if len(data) > MAX_BYTES:
        raise _refusal(f"may have at most {MAX_BYTES // 1024} KiB; make it smaller")
    for is_one, kind, read in _KINDS:
        if is_one(data):
            return _checked(kind, data, read)
    raise _refusal("must be a PNG, JPEG or WebP picture")


def _checked(kind: str, data: bytes, read: Callable[[bytes], Still]) -> CleanPicture:
    try:
        still = read(data)
    except Broken as error:
        raise _refusal(str(error)) from None
    except (struct.error, IndexError):  # it ends where something should follow
        raise _refusal("is cut off or damaged; save it again") from None
    if not (1 <= still.width <= MAX_SIDE and 1 <= still.height <= MAX_SIDE):
        size = f"it has {still.width} x {still.height}"
        raise _refusal(f"may be at most {MAX_SIDE} pixels wide and high; {size}")
    name = hashlib.sha256(still.data).hexdigest()[:32]
    return CleanPicture(kind, still.width, still.height, still.data, name)


def _refusal(text: str) -> ValidationFailed:
    return ValidationFailed({"picture": [text]})
