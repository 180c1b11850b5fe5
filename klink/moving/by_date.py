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
from contextlib import ExitStack
from types import TracebackType
from typing import BinaryIO

from klink.core.times import to_ms
from klink.moving.rows import Row

__all__ = ["ByDate"]

HELD = 50_000
"""Rows that stay in memory, some 60 MB; the others wait in a temporary file."""


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
        self._files.close()

    def __len__(self) -> int:
        return len(self._dates)

    def add(self, row: Row) -> None:
        """Keep one more row.

        :raises OSError: there is no room for the temporary file.
        """
        made = row.arrival.created_at if row.arrival else None
        self._dates.append(sys.maxsize if made is None else to_ms(made))
        if len(self._rows) < self._held:
            self._rows.append(row)
            return
        if self._file is None:
            file = tempfile.TemporaryFile()  # noqa: SIM115 - closed with the others
            self._file = self._files.enter_context(file)  # it has no name: nothing stays
        self._places.append(self._file.tell())
        pickle.dump(row, self._file, pickle.HIGHEST_PROTOCOL)

    def __iter__(self) -> Iterator[Row]:
        """Every row once; to be called when all are there."""
        for number in sorted(range(len(self)), key=self._dates.__getitem__):
            if number < self._held:
                yield self._rows[number]
            else:
                assert self._file is not None
                self._file.seek(self._places[number - self._held])
                yield pickle.load(self._file)  # noqa: S301 - written above
