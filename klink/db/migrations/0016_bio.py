"""Bio pages: a name on this server, a few words, a picture, and links in an order.

The picture has a table of its own, so that nobody reads it who wants the words.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE bio_pages (
        id {id},
        uid TEXT NOT NULL,
        workspace_id BIGINT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        title TEXT NOT NULL,
        "text" TEXT NOT NULL,
        is_published BOOLEAN NOT NULL,
        created_by BIGINT,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        version INTEGER NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX bio_pages_uid ON bio_pages (uid)",
    "CREATE UNIQUE INDEX bio_pages_name ON bio_pages (name)",
    "CREATE INDEX bio_pages_workspace_id ON bio_pages (workspace_id)",
    """
    CREATE TABLE bio_pictures (
        page_id BIGINT NOT NULL PRIMARY KEY REFERENCES bio_pages (id) ON DELETE CASCADE,
        type TEXT NOT NULL,
        hash TEXT NOT NULL,
        width INTEGER NOT NULL,
        height INTEGER NOT NULL,
        data {blob} NOT NULL
    )
    """,
    """
    CREATE TABLE bio_links (
        page_id BIGINT NOT NULL REFERENCES bio_pages (id) ON DELETE CASCADE,
        link_id BIGINT NOT NULL REFERENCES links (id) ON DELETE CASCADE,
        label TEXT,
        position INTEGER NOT NULL,
        PRIMARY KEY (page_id, link_id)
    )
    """,
    # A link that is purged takes its places with it, and must not look for them everywhere.
    "CREATE INDEX bio_links_link_id ON bio_links (link_id)",
)
