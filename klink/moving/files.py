"""Files of links, read line by line as they come: from a disk, or from standard input."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import BinaryIO

from klink.moving.rows import Progress, WrongSource

MAX_LINE = 1 << 20
"""Bytes that a line may have; of a longer one the rest is skipped, and its row is bad."""

_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_ARCHIVES = {b"PK\x03\x04": "a ZIP archive or a spreadsheet", b"\x1f\x8b": "compressed by gzip"}
_ARCHIVES |= {b"%PDF": "a PDF", b"SQLite format 3\x00": "an SQLite database"}
_PEEKED = 1 << 16


class TextFile:
    """A file of text, and how far it is read.

    :param file: of bytes, read once from where it stands.
    :ivar line: number of the line that was read last, from 1 on.
    :ivar trouble: what is wrong with the lines since :meth:`fresh`; '' is nothing.
    :raises WrongSource: at once, when it cannot be text in UTF-8.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.line = 0
        self.trouble = ""
        self._file = file
        self._done = 0
        self._size = _size(file)
        self._head = file.read(_PEEKED)
        self._begin = io.BytesIO(self._head)  # read again before the rest
        self._refuse_others()

    def _refuse_others(self) -> None:
        if not self._head:
            raise WrongSource("the file is empty")
        if self._head.startswith(_UTF16) or b"\x00" in self._head[:64:2]:
            found = next((told for start, told in _ARCHIVES.items() if self._is(start)), None)
            raise WrongSource(
                f"the file is {found}, not text" if found else "the file is no UTF-8; save it so"
            )
        for start, told in _ARCHIVES.items():
            if self._is(start):
                raise WrongSource(f"the file is {told}, not text; unpack or export it first")

    def _is(self, start: bytes) -> bool:
        return self._head.startswith(start)

    @property
    def head(self) -> str:
        """What it begins with, to tell kinds apart."""
        return self._head.removeprefix(_BOM).decode("utf-8", "replace")

    def progress(self) -> Progress:
        """Bytes read, of how many."""
        return Progress(self._done, self._size)

    def lines(self) -> Iterator[str]:
        """The lines with their ends."""
        while raw := self._readline(MAX_LINE + 1):
            self._done += len(raw)
            if self.line == 0:
                raw = raw.removeprefix(_BOM)
            self.line += 1
            if len(raw) > MAX_LINE:
                self.trouble = f"the line has more than {MAX_LINE:,} bytes"
                self._skip_line(raw)
                raw = b"\n"
            try:
                text = raw.decode()
            except UnicodeDecodeError as error:
                self.trouble = f"line {self.line} is no UTF-8: byte 0x{raw[error.start]:02x}"
                text = raw.decode("utf-8", "replace")
            yield text

    def _skip_line(self, raw: bytes) -> None:
        while raw and not raw.endswith(b"\n"):
            raw = self._readline(MAX_LINE)
            self._done += len(raw)

    def _readline(self, most: int) -> bytes:
        raw = self._begin.readline(most)
        if raw.endswith(b"\n") or len(raw) == most:
            return raw
        return raw + self._file.readline(most - len(raw))

    def chunks(self, size: int) -> Iterator[bytes]:
        """The whole of it in pieces."""
        while raw := self._begin.read(size) or self._file.read(size):
            if self._done == 0:
                raw = raw.removeprefix(_BOM)
            self._done += len(raw)
            yield raw

    def fresh(self) -> None:
        """Forget what was wrong so far."""
        self.trouble = ""


def _size(file: BinaryIO) -> int | None:
    try:
        found = os.fstat(file.fileno())
    except (OSError, ValueError):
        return None
    return found.st_size or None
