"""Which clicks an event may be attributed to, who saw which variant, and what events brought.

``visitor_clicks`` begins with the visitor: a workspace's ids of visitors are its own, so one
says whose it is even where the workspace is not known.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE visitor_clicks (
        visitor TEXT NOT NULL,
        workspace_id BIGINT NOT NULL,
        "at" BIGINT NOT NULL,
        link_id BIGINT NOT NULL,
        variant_id BIGINT NOT NULL,
        run INTEGER NOT NULL,
        PRIMARY KEY (visitor, workspace_id, "at", link_id)
    ){without_rowid}
    """,
    'CREATE INDEX visitor_clicks_link_id_at ON visitor_clicks (link_id, "at")',
    'CREATE INDEX visitor_clicks_at ON visitor_clicks ("at")',
    """
    CREATE TABLE exposures (
        link_id BIGINT NOT NULL,
        run INTEGER NOT NULL,
        visitor TEXT NOT NULL,
        variant_id BIGINT NOT NULL,
        "at" BIGINT NOT NULL,
        converted SMALLINT NOT NULL,
        revenue BIGINT NOT NULL,
        PRIMARY KEY (link_id, run, visitor)
    ){without_rowid}
    """,
    # --- Events ---------------------------------------------------------------------------
    "ALTER TABLE events ADD COLUMN link_id BIGINT",
    "ALTER TABLE events ADD COLUMN variant_id BIGINT",
    "ALTER TABLE events ADD COLUMN run INTEGER",
    "ALTER TABLE events ADD COLUMN click_at BIGINT",
    "ALTER TABLE events ADD COLUMN event_id TEXT",
    """
    CREATE UNIQUE INDEX events_event_id ON events (workspace_id, event_id)
    WHERE event_id IS NOT NULL
    """,
    "CREATE INDEX events_link ON events (link_id, occurred_at) WHERE link_id IS NOT NULL",
    """
    CREATE INDEX events_workspace_id_visitor_occurred_at
    ON events (workspace_id, visitor, occurred_at)
    """,
    """
    CREATE INDEX events_workspace_id_event_name_occurred_at
    ON events (workspace_id, event_name, occurred_at)
    """,
    # --- What counts ----------------------------------------------------------------------
    "ALTER TABLE workspaces ADD COLUMN conversion_names TEXT",
)
