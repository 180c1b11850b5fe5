"""The index behind the search for words: of every three characters in a row (trigrams).

SQLite: a table ``link_words`` of FTS5 that keeps no text, only which trigrams a link has.
PostgreSQL: an index ``links_search`` of pg_trgm, an extension that any owner of a database
may create. Where neither is to be had klink searches link by link.

It only says which links may match: a trigram is there in either case, and a word's trigrams
may stand apart. Whoever asks compares the texts themselves.
"""

from __future__ import annotations

import logging

import peewee

from klink.db import rows
from klink.db.connection import DatabaseBusy, database, engine, lock, read, write

log = logging.getLogger(__name__)

WORD = 3
"""Characters that a word needs to be found by it."""

_MAX_TRIGRAMS = 24
"""Of all words of a question; what they let through is compared anyway."""

# A workspace's number as one trigram of its own, in characters that are for private use, so
# that a rare word of one workspace is not looked for among the links of all.
_FIRST = 0xE000
_BASE = 6400
_SCOPE = (
    f"char({_FIRST} + {{0}} / {_BASE * _BASE}, {_FIRST} + {{0}} / {_BASE} % {_BASE}, "
    f"{_FIRST} + {{0}} % {_BASE})"
)
_COLUMNS = "scope, slug, title, url"
_FORGET = (
    f"INSERT INTO link_words (link_words, rowid, {_COLUMNS}) "  # noqa: S608 - own names
    f"VALUES ('delete', old.id, {_SCOPE.format('old.workspace_id')}, old.slug, old.title, old.url);"
)
_ALL = (
    f"INSERT INTO link_words (rowid, {_COLUMNS}) "  # noqa: S608 - own names
    f"SELECT id, {_SCOPE.format('workspace_id')}, slug, title, url FROM links"
)

TEXT = "(slug || ' ' || COALESCE(title, '') || ' ' || url)"
"""What pg_trgm indexes of a link."""

# New links are added by `add`, not by a trigger: within one, FTS5 writes its index anew for
# each row instead of once a transaction, which makes a link five times as dear.
_CREATE = {
    "sqlite": (
        f"""
        CREATE VIRTUAL TABLE link_words USING fts5(
            {_COLUMNS}, content='', columnsize=0, detail=none, tokenize='trigram'
        )
        """,
        f"""
        CREATE TRIGGER link_words_delete AFTER DELETE ON links BEGIN {_FORGET} END
        """,
        f"""
        CREATE TRIGGER link_words_update AFTER UPDATE OF slug, title, url ON links BEGIN
            {_FORGET}
            INSERT INTO link_words (rowid, {_COLUMNS})
            VALUES (new.id, {_SCOPE.format("new.workspace_id")}, new.slug, new.title, new.url);
        END
        """,  # noqa: S608 - own names
        _ALL,
    ),
    "postgresql": (
        "CREATE EXTENSION IF NOT EXISTS pg_trgm",
        f"CREATE INDEX links_search ON links USING gin ({TEXT} gin_trgm_ops)",
    ),
}

_EXISTS = {
    "sqlite": "SELECT 1 FROM sqlite_master WHERE name = 'link_words'",
    "postgresql": "SELECT 1 WHERE to_regclass('links_search') IS NOT NULL",
}


def ensure() -> bool:
    """Make the index and fill it, unless it is there; say whether it is.

    That it cannot be made is logged and no failure: the next start tries again.
    """
    if exists():
        return True
    try:
        with write():
            lock("klink:migrate")
            if not exists():  # nor has another process made it
                for statement in _CREATE[engine()]:
                    database.execute_sql(statement)
    except (peewee.DatabaseError, DatabaseBusy) as error:
        reason = str(error.__cause__ or error).strip().partition("\n")[0]
        log.warning("no index for the search; it compares link by link: %s", reason[:200])
        return False
    return True


def exists() -> bool:
    """Whether the index is there."""
    with read():
        return rows.one(_EXISTS[engine()]) is not None


def add(first: int, last: int) -> None:
    """Index the new links with these numbers, in their unit of work."""
    if engine() != "sqlite":
        return
    try:
        rows.run(f"{_ALL} WHERE id BETWEEN ? AND ?", first, last)
    except peewee.OperationalError:
        if exists():
            raise


def question(workspace_id: int, words: list[str]) -> str:
    """What to ask of ``link_words`` (``MATCH``) for the workspace's links that have all words.

    :param words: of at least :data:`WORD` characters; whatever is in them is no syntax.
    """
    high, rest = divmod(workspace_id, _BASE * _BASE)
    scope = "".join(chr(_FIRST + digit) for digit in (high, *divmod(rest, _BASE)))
    trigrams = [word[i : i + WORD] for word in words for i in range(len(word) - WORD + 1)]
    step = -(-len(trigrams) // _MAX_TRIGRAMS)
    asked = [scope, *dict.fromkeys(trigrams[:: max(step, 1)])]
    return " ".join('"' + text.replace('"', '""') + '"' for text in asked)
