"""What links were before their changes, and who made those."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE link_versions (
        link_id BIGINT NOT NULL,
        version INTEGER NOT NULL,
        "at" BIGINT NOT NULL,
        user_id BIGINT,
        key_id BIGINT,
        door TEXT NOT NULL,
        action TEXT NOT NULL,
        restored INTEGER,
        snapshot TEXT NOT NULL,
        PRIMARY KEY (link_id, version)
    ){without_rowid}
    """,
)
