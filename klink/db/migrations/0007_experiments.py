"""The runs of experiments that have ended, and which links wait for a winner."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE experiment_runs (
        link_id BIGINT NOT NULL,
        run INTEGER NOT NULL,
        ended_at BIGINT NOT NULL,
        clicks BIGINT NOT NULL,
        variants TEXT NOT NULL,
        winner TEXT,
        winner_at BIGINT,
        PRIMARY KEY (link_id, run)
    )
    """,
    """
    CREATE INDEX links_to_judge ON links (id)
    WHERE auto_winner AND winner_label IS NULL AND deleted_at IS NULL
    """,
)
