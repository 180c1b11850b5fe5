"""What destinations are refused, why a link is in quarantine, and what visitors report."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE links ADD COLUMN quarantined_by TEXT",
    "ALTER TABLE links ADD COLUMN quarantine_reason TEXT",
    """
    CREATE INDEX links_quarantined ON links (workspace_id, id) WHERE quarantined_at IS NOT NULL
    """,
    """
    CREATE TABLE blocking_entries (
        id {id},
        workspace_id BIGINT NOT NULL,
        kind TEXT NOT NULL,
        value TEXT NOT NULL,
        note TEXT NOT NULL,
        by_operator BOOLEAN NOT NULL,
        created_by BIGINT,
        created_at BIGINT NOT NULL
    )
    """,
    """
    CREATE UNIQUE INDEX blocking_entries_workspace_id_kind_value_by_operator
    ON blocking_entries (workspace_id, kind, value, by_operator)
    """,
    """
    CREATE TABLE reports (
        id {id},
        link_id BIGINT NOT NULL REFERENCES links (id) ON DELETE CASCADE,
        workspace_id BIGINT NOT NULL,
        "at" BIGINT NOT NULL,
        reported_at BIGINT NOT NULL,
        reason TEXT NOT NULL,
        "text" TEXT NOT NULL,
        email TEXT,
        count BIGINT NOT NULL,
        state TEXT NOT NULL,
        closed_at BIGINT,
        closed_by TEXT
    )
    """,
    "CREATE INDEX reports_workspace_id_state_id ON reports (workspace_id, state, id)",
    "CREATE INDEX reports_state_id ON reports (state, id)",
    "CREATE INDEX reports_link_id_state ON reports (link_id, state)",
)
