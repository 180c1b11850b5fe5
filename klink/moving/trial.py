"""What a dry run remembers: the places that it would have filled.

In a database of its own that SQLite keeps in a temporary file, which it deletes itself; so a dry
run of millions of links needs no more memory than one of thousands.
"""

from __future__ import annotations

import sqlite3
from types import TracebackType

_CACHE_KB = 16_384


class TrialPlaces:
    """Places (domain and slug) of links that a dry run would have made."""

    def __init__(self) -> None:
        self._places = sqlite3.connect("", isolation_level=None)
        self._places.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        self._places.execute("PRAGMA journal_mode = OFF")
        self._places.execute(
            "CREATE TABLE places (domain_id INTEGER, slug TEXT, told TEXT, "
            "PRIMARY KEY (domain_id, slug)) WITHOUT ROWID"
        )

    def __enter__(self) -> TrialPlaces:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._places.close()

    def __contains__(self, place: object) -> bool:
        sql = "SELECT 1 FROM places WHERE domain_id = ? AND slug = ?"
        return isinstance(place, tuple) and self._places.execute(sql, place).fetchone() is not None

    def add(self, place: tuple[int, str]) -> None:
        """Add a place."""
        self._places.execute("INSERT OR IGNORE INTO places VALUES (?, ?, NULL)", place)

    def told(self, place: tuple[int, str]) -> str | None:
        """What was said of a place by :meth:`tell`."""
        sql = "SELECT told FROM places WHERE domain_id = ? AND slug = ?"
        found = self._places.execute(sql, place).fetchone()
        return None if found is None else found[0]

    def tell(self, place: tuple[int, str], told: str) -> None:
        """Say what the link of a place is like."""
        self._places.execute("INSERT OR REPLACE INTO places VALUES (?, ?, ?)", (*place, told))
