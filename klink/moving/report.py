"""What became of every row, as a file: CSV or JSON lines, by its name."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from klink.core.links import Arrived
from klink.core.spreadsheets import cell
from klink.moving.rows import Row

COLUMNS = ("row", "outcome", "slug", "url", "reason", "warnings")


class Report:
    """A file that is there once it is whole; for its owner only, as URLs may hold secrets.

    :param path: a name that ends in ``.csv`` makes a table; any other, JSON lines.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        self._part = Path(name)
        self._file = os.fdopen(handle, "w", encoding="utf-8", errors="replace", newline="")
        self._table = csv.writer(self._file) if path.suffix.lower() == ".csv" else None
        if self._table:
            self._table.writerow(COLUMNS)

    def add(self, row: Row, arrived: Arrived) -> None:
        """Write one row down."""
        texts = (str(arrived.outcome), row.slug, row.url, arrived.reason)
        if self._table:
            cells = [*texts, "; ".join(row.warnings)]
            self._table.writerow([row.at, *map(cell, cells)])
        else:
            values = (row.at, *texts, list(row.warnings))
            self._file.write(json.dumps(dict(zip(COLUMNS, values, strict=True))) + "\n")

    def __enter__(self) -> Report:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            if kind is None:
                self._part.replace(self._path)
        finally:
            with suppress(FileNotFoundError):
                self._part.unlink()
