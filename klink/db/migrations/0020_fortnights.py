"""Sums of a workspace's days, fourteen at a time: a year's values are read from few rows.

What is there already is added up by the next folds.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE workspace_fortnights (
        workspace_id BIGINT NOT NULL,
        dim SMALLINT NOT NULL,
        fortnight BIGINT NOT NULL,
        "value" TEXT NOT NULL,
        clicks BIGINT NOT NULL,
        rest BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, dim, fortnight, "value")
    ){without_rowid}
    """,
    "ALTER TABLE workspaces ADD COLUMN summed_to_day BIGINT NOT NULL DEFAULT 0",
)
