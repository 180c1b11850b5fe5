"""The rows of a source, from the oldest link to the newest.

Lists show links in the order in which they were made here. So links that come from elsewhere are
taken in by the date that they bring along, whatever order they stand in.
"""

from __future__ import annotations

import pickle
import sys
import tempfile
from array import array
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from types import TracebackType
from typing import BinaryIO

from klink.core.errors import KlinkError
from klink.core.times import to_ms
from klink.moving.rows import Row

__all__ = ["ByDate", "NoRoom"]

HELD = 50_000
"""Rows that stay in memory, some 60 MB; the others wait in a temporary file."""


class NoRoom(KlinkError):
    """What was read cannot be kept until it is taken in."""

    code = "no_room"

    def __init__(self, error: OSError) -> None:
        super().__init__(
            f"what was read finds no room in {tempfile.gettempdir()} ({error.strerror}), so "
            "nothing was taken in; set TMPDIR to a folder with more"
        )


class ByDate:
    """Takes rows in any order and gives them by date; those of one date in their own order.

    Rows without a date are links of now, and come last; so do bad ones.
    """

    def __init__(self, held: int = HELD) -> None:
        self._held = held
        self._rows: list[Row] = []
        self._dates = array("q")
        self._places = array("q")
        self._files = ExitStack()
        self._file: BinaryIO | None = None

    def __enter__(self) -> ByDate:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(OSError):  # what it still holds back need not be written any more
            self._files.close()

    def __len__(self) -> int:
        return len(self._dates)

    def add(self, row: Row) -> None:
        """Keep one more row.

        :raises NoRoom: in the temporary file.
        """
        made = row.arrival.created_at if row.arrival else None
        self._dates.append(sys.maxsize if made is None else to_ms(made))
        if len(self._rows) < self._held:
            self._rows.append(row)
            return
        try:
            self._write(row)
        except OSError as error:
            raise NoRoom(error) from error

    def _write(self, row: Row) -> None:
        if self._file is None:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the others
            self._file = self._files.enter_context(file)  # it has no name: nothing stays
        self._places.append(self._file.tell())
        pickle.dump(row, self._file, pickle.HIGHEST_PROTOCOL)

    def __iter__(self) -> Iterator[Row]:
        """Every row once; to be called when all are there.

        :raises NoRoom: in the temporary file.
        """
        try:
            if self._file is not None:
                self._file.flush()
        except OSError as error:
            raise NoRoom(error) from error
        for number in sorted(range(len(self)), key=self._dates.__getitem__):
            if number < self._held:
                yield self._rows[number]
            else:
                assert self._file is not None
                self._file.seek(self._places[number - self._held])
                yield pickle.load(self._file)  # noqa: S301 - written above
