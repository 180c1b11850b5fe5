"""YOURLS: a dump of its database, or its table of links as CSV."""

from __future__ import annotations

import re
from collections.abc import Iterator

from klink.moving import sql_dump
from klink.moving.files import TextFile
from klink.moving.native import Options
from klink.moving.products import YOURLS, YOURLS_COLUMNS, product_row, yourls_table
from klink.moving.rows import Progress, Row, Source, WrongSource, bad
from klink.moving.sql_dump import DumpError, Inserted

_CHUNK = 1 << 18
_NEEDED = {"keyword", "url"}
_NAME = re.compile(r"(?:^|_)url$", re.IGNORECASE)
_SQL = re.compile(
    r"\s*(?:--|/\*|#|(?:INSERT|CREATE|DROP|SET|USE|LOCK|BEGIN|START)\b)", re.IGNORECASE
)


def yourls(file: TextFile, options: Options) -> Source:
    """The links of a dump or a table, whichever the file is."""
    return YourlsDump(file, options) if _SQL.match(file.head) else yourls_table(file, options)


class YourlsDump:
    """The rows of the table ``…_url``, whatever the prefix of its tables."""

    def __init__(self, file: TextFile, options: Options) -> None:
        self.notices: list[str] = []
        self._file = file
        self._options = options
        self._made: dict[str, tuple[str, ...]] = {}

    def progress(self) -> Progress:
        """Bytes read, of how many."""
        return self._file.progress()

    def rows(self) -> Iterator[Row]:
        """Every link's row."""
        found: set[str] = set()
        try:
            for each in sql_dump.read(self._file.chunks(_CHUNK)):
                if not isinstance(each, Inserted):
                    self._made[each.table] = tuple(map(str.lower, each.columns))
                    if self._is_links(each.table, ()):
                        found.add(each.table)
                elif self._is_links(each.table, each.columns):
                    found.add(each.table)
                    yield self._row(each)
        except DumpError as error:
            raise WrongSource(f"{error}; what came before it counts") from None
        if not found:
            raise WrongSource(
                "this dump has no table of YOURLS' links (…_url, with keyword and url)"
            )
        if len(found) > 1:
            self.notices.append(f"several tables hold links: {', '.join(sorted(found))}")

    def _is_links(self, table: str, columns: tuple[str, ...]) -> bool:
        known = set(map(str.lower, columns)) or set(self._made.get(table, ()))
        return known >= _NEEDED if known else _NAME.search(table) is not None

    def _row(self, each: Inserted) -> Row:
        if each.values is None:
            return bad(each.line, "this row holds more than plain values")
        columns = each.columns or self._made.get(each.table) or YOURLS_COLUMNS
        if len(columns) != len(each.values):
            told = f"has {len(each.values)} values, and there are {len(columns)} columns"
            return bad(each.line, told)
        pairs = zip(columns, each.values, strict=True)
        cells = {name.lower(): value for name, value in pairs if value}
        return product_row(each.line, cells, YOURLS, self._options)
