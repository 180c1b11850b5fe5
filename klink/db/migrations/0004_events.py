"""Events, and who has made how many links without a key."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE events (
        id {id},
        workspace_id BIGINT NOT NULL,
        key_id BIGINT,
        created_via TEXT NOT NULL,
        visitor TEXT NOT NULL,
        event_name TEXT NOT NULL,
        revenue BIGINT,
        currency TEXT NOT NULL,
        name TEXT,
        metadata TEXT,
        is_conversion BOOLEAN NOT NULL,
        occurred_at BIGINT NOT NULL,
        created_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX events_workspace_id_occurred_at ON events (workspace_id, occurred_at)",
    """
    CREATE TABLE anonymous_links (
        id {id},
        address TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX anonymous_links_address_created_at ON anonymous_links (address, created_at)",
    "CREATE INDEX anonymous_links_created_at ON anonymous_links (created_at)",
)
