"""Members packed by gzip, piece by piece, so that neither side is ever in memory whole."""

from __future__ import annotations

import hashlib
import os
import zlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from klink.backups.manifest import Member

__all__ = ["CHUNK_BYTES", "Packer", "TooLong", "pieces_of", "store", "unpacked"]

CHUNK_BYTES = 1 << 20
_GZIP = 16 + zlib.MAX_WBITS
_LEVEL = 1  # of a database the highest makes a sixth less, in six times the time


class TooLong(ValueError):
    """What was unpacked is not as long as it should be, or no gzip."""


class Packer:
    """Packs what it is given into a new file, and tells what became of it.

    :param folder: where the member lies, under its name.
    """

    def __init__(self, folder: Path, name: str) -> None:
        self._name = name
        self._file = _new(folder / name)
        self._deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
        self._digest = hashlib.sha256()
        self._size = self._unpacked = 0

    def write(self, piece: bytes) -> None:
        """Pack a piece.

        :raises OSError: when it cannot be written.
        """
        self._unpacked += len(piece)
        self._put(self._deflate.compress(piece))

    def finish(self) -> Member:
        """The member, whole."""
        self._put(self._deflate.flush())
        self._file.close()
        return Member(self._name, self._size, self._digest.hexdigest(), self._unpacked)

    def close(self) -> None:
        """Let go of the file, if it is still open."""
        self._file.close()

    def _put(self, packed: bytes) -> None:
        self._size += len(packed)
        self._digest.update(packed)
        self._file.write(packed)


def pieces_of(path: Path, size: int, progress: Callable[[int], object] = int) -> Iterator[bytes]:
    """The first bytes of a file.

    :param progress: told after each piece how many bytes there were so far.
    """
    left = size
    with path.open("rb", buffering=0) as file:
        while left and (piece := file.read(min(left, CHUNK_BYTES))):
            yield piece
            left -= len(piece)
            progress(size - left)


def store(folder: Path, name: str, data: bytes) -> Member:
    """A member as it is, packed by nothing."""
    with _new(folder / name) as file:
        file.write(data)
    return Member(name, len(data), hashlib.sha256(data).hexdigest(), len(data))


def unpacked(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """What a packed member holds, in pieces of bounded size.

    :param size: how long it must be.
    :raises TooLong: when it is not.
    """
    inflate, left = zlib.decompressobj(_GZIP), size
    for packed in pieces:
        rest = packed
        while rest and not inflate.eof:
            try:
                piece = inflate.decompress(rest, CHUNK_BYTES)
            except zlib.error as error:
                raise TooLong from error
            rest = inflate.unconsumed_tail
            left -= len(piece)
            if left < 0:
                raise TooLong
            yield piece
    if left or not inflate.eof:
        raise TooLong


def _new(path: Path) -> BinaryIO:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
