"""What a redirect needs of a link, read without an object in between.

Through Peewee this takes 125 µs, here 10: the event loop reads for itself on SQLite
(:class:`LoopReader`), and a worker on either engine by :func:`fetch`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from klink.db.connection import DatabaseBusy, database, engine, read

__all__ = ["LinkRows", "LoopReader", "RawLink", "fetch"]


class RawLink(NamedTuple):
    """A row of ``links``; times are milliseconds, truth values what the engine has for them."""

    id: int
    workspace_id: int
    slug: str
    type: str
    mode: str
    redirect_status: int
    location: str
    default_label: str | None
    winner_label: str | None
    run: int
    forward_query: bool
    conversion_tracking: bool
    starts_at: int | None
    expires_at: int | None
    expired_location: str | None
    max_clicks: int | None
    password_hash: str | None
    is_active: bool
    deleted_at: int | None
    quarantined_at: int | None
    title: str | None
    description: str | None
    utm_source: str | None
    utm_medium: str | None
    utm_campaign: str | None
    utm_content: str | None
    utm_term: str | None
    failover_location: str | None
    down_at: int | None
    has_rules: bool


class LinkRows(NamedTuple):
    """A link, its variants as (position, id, label, location, weight, down_at), its rules.

    Both in their order; a rule is (conditions, use).
    """

    link: RawLink
    variants: Sequence[tuple[int, int, str, str, int, int | None]]
    rules: Sequence[tuple[str, str]]


class _Cursor(Protocol):
    def fetchone(self) -> Any: ...
    def fetchall(self) -> Any: ...


_Run = Callable[[str, tuple[object, ...]], _Cursor]

# Nothing of a request is in these texts; names come from the tuple above.
_LINK = (
    f"SELECT {', '.join(RawLink._fields[:-1])}, "  # noqa: S608
    "EXISTS (SELECT 1 FROM rules WHERE rules.link_id = links.id) "
    "FROM links WHERE domain_id = {p} AND slug = {p}"
)
# Sorted here: for two rows an engine would build a tree.
_VARIANTS = (
    "SELECT position, id, label, location, weight, down_at FROM variants WHERE link_id = {p}"
)
_RULES = 'SELECT conditions, "use" FROM rules WHERE link_id = {p} ORDER BY position'


class _Texts(NamedTuple):
    link: str
    variants: str
    rules: str


def _texts(parameter: str) -> _Texts:
    return _Texts(*(text.format(p=parameter) for text in (_LINK, _VARIANTS, _RULES)))


_SQLITE, _POSTGRESQL = _texts("?"), _texts("%s")


def fetch(domain_id: int, slug: str) -> LinkRows | None:
    """The rows of a link, on the calling thread's connection; None when there is none.

    :raises DatabaseBusy: when the database cannot be read now.
    """
    with read():
        texts = _SQLITE if engine() == "sqlite" else _POSTGRESQL
        return _fetch(database.execute_sql, texts, domain_id, slug)


def _fetch(run: _Run, texts: _Texts, domain_id: int, slug: str) -> LinkRows | None:
    row = run(texts.link, (domain_id, slug)).fetchone()
    if row is None:
        return None
    link = RawLink._make(row)
    if link.mode == "single":
        return LinkRows(link, (), ())
    variants = sorted(run(texts.variants, (link.id,)).fetchall())
    rules = run(texts.rules, (link.id,)).fetchall() if link.has_rules else ()
    return LinkRows(link, variants, rules)


class LoopReader:
    """A read-only connection to an SQLite file, for one thread that must never wait.

    :raises sqlite3.Error: when the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro",
            uri=True,
            timeout=0,
            isolation_level=None,
            check_same_thread=False,  # made by the thread that starts the server
        )
        self._connection.execute("PRAGMA query_only = ON")
        self._connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")

    def fetch(self, domain_id: int, slug: str) -> LinkRows | None:
        """The rows of a link as the last commit left them; None when there is none.

        :raises DatabaseBusy: at any trouble, at once; a worker, who may wait, does better.
        """
        try:
            return _fetch(self._connection.execute, _SQLITE, domain_id, slug)
        except sqlite3.Error as error:
            raise DatabaseBusy from error

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


_CACHE_KIB = 8192  # holds the inner pages of the trees that lead to a million links
