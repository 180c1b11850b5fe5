"""Plain CSV and JSON lines, in the words of klink's own API."""

from __future__ import annotations

import json
from collections.abc import Iterator

from klink.moving.files import TextFile
from klink.moving.native import KNOWN, Options, row_of
from klink.moving.rows import Progress, Row, WrongSource, bad
from klink.moving.tables import Table


def csv_table(file: TextFile, options: Options) -> Table:
    """A table with ``slug``, ``url`` and any other field of a link."""
    return Table(
        file,
        "csv",
        [("slug",), ("url", "variants")],
        lambda at, cells: row_of(at, cells, options),
        known=KNOWN,
    )


class JsonLines:
    """A link's JSON on each line; lines of another ``type`` than ``link`` are left out."""

    def __init__(self, file: TextFile, options: Options) -> None:
        self.notices: list[str] = []
        self._file = file
        self._options = options
        self._bases: set[object] = set()
        if not file.head.lstrip().startswith("{"):
            raise WrongSource("these are no JSON lines: the first one is no object")

    def progress(self) -> Progress:
        """Bytes read, of how many."""
        return self._file.progress()

    def rows(self) -> Iterator[Row]:
        """The row of every link."""
        for line in self._file.lines():
            at = self._file.line
            if self._file.trouble:
                yield bad(at, self._file.trouble)
            elif line.strip():
                row = self._row(at, line)
                if row is not None:
                    yield row
            self._file.fresh()

    def _row(self, at: int, line: str) -> Row | None:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError) as error:
            return bad(at, f"this line is no JSON: {error}")
        if not isinstance(found, dict):
            return bad(at, "this line is no JSON object")
        kind = found.get("type", "link")
        if kind == "domain":
            self._see_domain(found.get("domain"))
        # A link has a type of its own, which is how a link of the API looks.
        if kind not in ("link", "direct", "inpage"):
            return None
        if kind == "link":
            inner = found.get("link")
            found = inner if isinstance(inner, dict) else {**found, "type": found.get("link_type")}
        if found.get("domain") in self._bases:
            # What lay on the other klink's own address lies on this one's.
            found = {**found, "domain": None}
        return row_of(at, found, self._options)

    def _see_domain(self, domain: object) -> None:
        """An export tells of domains before links, and which was the other klink's own."""
        if (
            isinstance(domain, dict)
            and domain.get("is_base")
            and isinstance(domain.get("host"), str)
        ):
            self._bases.add(domain["host"])
