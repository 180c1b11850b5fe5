"""Passes that were used, and guesses of passwords, so that a restart forgets neither."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE used_passes (
        id TEXT NOT NULL PRIMARY KEY,
        expires_at BIGINT NOT NULL
    ){without_rowid}
    """,
    "CREATE INDEX used_passes_expires_at ON used_passes (expires_at)",
    """
    CREATE TABLE guesses (
        who TEXT NOT NULL PRIMARY KEY,
        tries INTEGER NOT NULL,
        "at" BIGINT NOT NULL
    ){without_rowid}
    """,
    'CREATE INDEX guesses_at ON guesses ("at")',
)
