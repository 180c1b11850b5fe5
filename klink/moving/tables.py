"""Tables as text: CSV with commas, semicolons or tabs, and a line of column names."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence

from klink.moving.files import MAX_LINE, TextFile
from klink.moving.rows import Progress, Row, WrongSource, bad

Cells = Mapping[str, str]
"""A line's cells by their columns' names, without empty ones."""

Read = Callable[[int, Cells], Row]
"""The row for the cells of the line with this number."""

_MARKS = ",;\t"
_ESCAPED = ("'=", "'+", "'-", "'@")


class Table:
    """A table of links as a source.

    :param needed: columns without which it is none of this kind; of those in one tuple any.
    :param read: makes the rows.
    :param known: columns that are read, or left out on purpose; others are told in a notice.
    :param plain: names of the columns of a table that has no line of names.
    :raises WrongSource: at once, when it is no such table.
    """

    def __init__(
        self,
        file: TextFile,
        kind: str,
        needed: Sequence[tuple[str, ...]],
        read: Read,
        *,
        known: frozenset[str] | None = None,
        plain: Sequence[str] | None = None,
    ) -> None:
        csv.field_size_limit(MAX_LINE)
        self.notices: list[str] = []
        self._file = file
        self._read = read
        first = file.head.partition("\n")[0]
        self._lines = csv.reader(file.lines(), delimiter=_mark(first))
        self._first: list[str] | None = None
        try:
            cells = next(self._lines, [])
        except csv.Error as error:
            raise WrongSource(f"the file is no CSV: {error}") from None
        self._columns = [_named(cell) for cell in cells]
        missing = [names for names in needed if not set(names) & set(self._columns)]
        if missing and plain is not None and len(cells) == len(plain):
            self._columns, self._first = list(plain), cells
        elif missing:
            told = ", ".join(" or ".join(names) for names in missing)
            raise WrongSource(
                f"this is no CSV of the kind {kind}: its first line names no column {told}"
            )
        unknown = [each for each in self._columns if known is not None and each not in known]
        if unknown:
            self.notices.append(f"columns that are not read: {', '.join(filter(None, unknown))}")

    def progress(self) -> Progress:
        """Bytes read, of how many."""
        return self._file.progress()

    def rows(self) -> Iterator[Row]:
        """Every line's row."""
        if self._first is not None:
            yield self._row(1, self._first)
        self._file.fresh()
        while True:
            at = self._file.line + 1
            try:
                cells = next(self._lines)
            except StopIteration:
                return
            except csv.Error as error:
                yield bad(at, self._broken(at, error))
                self._file.fresh()
                continue
            if cells or self._file.trouble:
                yield self._row(at, cells)
            self._file.fresh()

    def _broken(self, at: int, error: csv.Error) -> str:
        """What is wrong with the row that begins in this line, and how far it goes."""
        if self._file.line == at:
            return f"this line is no CSV: {error}"
        return (
            "this line is no CSV: a quotation mark is not closed, so the lines to "
            f"{self._file.line} are left out; close it, and import the file again"
        )

    def _row(self, at: int, cells: list[str]) -> Row:
        if self._file.trouble:
            return bad(at, self._file.trouble)
        if len(cells) > len(self._columns) and any(cells[len(self._columns) :]):
            told = f"has {len(cells)} cells, and there are {len(self._columns)} columns"
            return bad(at, told)
        named = {
            name: _unescaped(cell.strip())
            for name, cell in zip(self._columns, cells, strict=False)
            if cell.strip()
        }
        return self._read(at, named)


def _mark(line: str) -> str:
    """What separates the cells of a line: whatever there is most of."""
    return max(_MARKS, key=line.count)


def _named(cell: str) -> str:
    return "_".join(cell.strip().lower().split())


def _unescaped(cell: str) -> str:
    """Without the mark that keeps spreadsheets from taking the cell for a formula."""
    return cell[1:] if cell.startswith(_ESCAPED) else cell
