"""When the destinations of links are checked, how that went, and where visitors go meanwhile."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE links ADD COLUMN failover_url TEXT",
    "ALTER TABLE links ADD COLUMN failover_location TEXT",
    "ALTER TABLE links ADD COLUMN down_at BIGINT",
    "ALTER TABLE variants ADD COLUMN down_at BIGINT",
    """
    CREATE TABLE destination_checks (
        link_id BIGINT NOT NULL,
        variant_id BIGINT NOT NULL,
        workspace_id BIGINT NOT NULL,
        host TEXT NOT NULL,
        next_at BIGINT,
        checked_at BIGINT NOT NULL,
        status INTEGER,
        final_host TEXT,
        problem TEXT,
        failing_since BIGINT,
        failures INTEGER NOT NULL,
        PRIMARY KEY (link_id, variant_id)
    ){without_rowid}
    """,
    "CREATE INDEX destination_checks_next_at_host ON destination_checks (next_at, host)",
    "CREATE INDEX destination_checks_checked_at_host ON destination_checks (checked_at, host)",
    """
    CREATE INDEX destination_checks_problems ON destination_checks (workspace_id, link_id)
    WHERE problem IS NOT NULL
    """,
)
