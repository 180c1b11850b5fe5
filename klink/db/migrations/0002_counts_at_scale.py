"""Visitors by day first, totals by value of all time, and a workspace's links by clicks.

``day_visitors`` began with the link, so that forgetting a day walked all of it, and every
click of a new visitor touched three places of it. Now ``link_visitors`` says by itself
which day and variant a visitor was first counted with; only who comes again has rows in
``day_visitors``, and a workspace's visitors have a table of their own.

A batch of the journal may be counted in parts, by link; ``journal_positions`` says up to which.

Rows of ``link_totals`` whose link was purged belong to workspace 0: nobody asks for them, and
they wait to be swept.
"""

from __future__ import annotations

STATEMENTS = (
    # --- Visitors -------------------------------------------------------------------------
    "ALTER TABLE link_visitors ADD COLUMN variant_id BIGINT NOT NULL DEFAULT 0",
    """
    CREATE TABLE workspace_visitors (
        day BIGINT NOT NULL,
        workspace_id BIGINT NOT NULL,
        visitor TEXT NOT NULL,
        PRIMARY KEY (day, workspace_id, visitor)
    ){without_rowid}
    """,
    """
    INSERT INTO workspace_visitors (day, workspace_id, visitor)
    SELECT day, scope_id, visitor FROM day_visitors WHERE scope = 2
    ORDER BY day, scope_id, visitor
    """,
    "ALTER TABLE day_visitors RENAME TO old_day_visitors",
    """
    CREATE TABLE day_visitors (
        day BIGINT NOT NULL,
        link_id BIGINT NOT NULL,
        visitor TEXT NOT NULL,
        variant_id BIGINT NOT NULL,
        PRIMARY KEY (day, link_id, visitor, variant_id)
    ){without_rowid}
    """,
    """
    INSERT INTO day_visitors (day, link_id, visitor, variant_id)
    SELECT d.day, d.scope_id, d.visitor, 0 FROM old_day_visitors AS d
    WHERE d.scope = 0 AND NOT EXISTS (
        SELECT 1 FROM link_visitors AS v
        WHERE v.link_id = d.scope_id AND v.visitor = d.visitor AND v.day = d.day)
    ORDER BY d.day, d.scope_id, d.visitor
    """,
    """
    INSERT INTO day_visitors (day, link_id, visitor, variant_id)
    SELECT d.day, t.link_id, d.visitor, d.scope_id
    FROM old_day_visitors AS d JOIN variant_totals AS t ON t.variant_id = d.scope_id
    WHERE d.scope = 1
    ORDER BY d.day, t.link_id, d.visitor, d.scope_id
    """,
    "DROP TABLE old_day_visitors",
    # --- A workspace's links by clicks ----------------------------------------------------
    "ALTER TABLE link_totals ADD COLUMN workspace_id BIGINT NOT NULL DEFAULT 0",
    """
    UPDATE link_totals SET workspace_id = coalesce(
        (SELECT l.workspace_id FROM links AS l WHERE l.id = link_totals.link_id), 0)
    """,
    """
    CREATE INDEX link_totals_workspace_id_clicks_link_id
    ON link_totals (workspace_id, clicks DESC, link_id)
    """,
    # --- Totals by value ------------------------------------------------------------------
    "ALTER TABLE link_totals ADD COLUMN summed_to_day BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE link_totals ADD COLUMN summed_visits BIGINT NOT NULL DEFAULT 0",
    """
    CREATE TABLE link_value_totals (
        link_id BIGINT NOT NULL,
        dim SMALLINT NOT NULL,
        "value" TEXT NOT NULL,
        clicks BIGINT NOT NULL,
        rest BIGINT NOT NULL,
        uniques BIGINT NOT NULL,
        PRIMARY KEY (link_id, dim, "value")
    ){without_rowid}
    """,
    # A thousand visits, as klink.db.fold.SUM_FROM says: fewer are added up when asked for.
    """
    UPDATE link_totals SET
        summed_to_day = last_click_at / 86400000 - 1, summed_visits = clicks + rest
    WHERE last_click_at IS NOT NULL AND clicks + rest >= 1000
    """,
    """
    INSERT INTO link_value_totals (link_id, dim, "value", clicks, rest, uniques)
    SELECT d.link_id, d.dim, d."value", sum(d.clicks), sum(d.rest), sum(d.uniques)
    FROM link_totals AS t JOIN link_days AS d
        ON d.link_id = t.link_id AND d.day < t.summed_to_day
    WHERE t.summed_to_day > 0
    GROUP BY d.link_id, d.dim, d."value" ORDER BY d.link_id, d.dim, d."value"
    """,
    # --- Batches that are counted in parts ------------------------------------------------
    "ALTER TABLE journal_positions ADD COLUMN end_offset BIGINT NOT NULL DEFAULT 0",
    "ALTER TABLE journal_positions ADD COLUMN done_to_link BIGINT NOT NULL DEFAULT 0",
)
