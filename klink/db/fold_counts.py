"""From facts to counts: the statements of :mod:`klink.db.fold` that write to the database.

Their words are those of :mod:`klink.db.fold_statements`. Each takes its rows in the order of
their key, so that two processes on PostgreSQL wait for each other and never in a circle.
"""

from __future__ import annotations

from klink.db.connection import Engine

LINK, VARIANT, WORKSPACE, EVER = range(4)
"""What a visitor is new to: a day of a link, of a variant, of a workspace; a link for ever."""

CLICKS = """
    INSERT INTO clicks (
        at, link_id, workspace_id, variant_id, run, kind, reason, is_click, is_view, visitor,
        net, country, device, browser, os, language, referrer, utm)
    SELECT
        at, link_id, workspace_id, variant_id, run, kind, reason, click, view, visitor,
        net, country, device, browser, os, language, referrer, utm
    FROM fold_facts ORDER BY link_id, day, quarter, n
"""

# --- What events are attributed to ----------------------------------------------------

# Two clicks of a visitor on a link within a millisecond are one here.
VISITOR_CLICKS = """
    INSERT INTO visitor_clicks (visitor, workspace_id, at, link_id, variant_id, run)
    SELECT visitor, workspace_id, at, link_id, variant_id, run
    FROM fold_marked ORDER BY visitor, workspace_id, at, link_id, n
    ON CONFLICT DO NOTHING
"""

# The first click counts, though a later one may have been folded before it.
EXPOSURES = """
    INSERT INTO exposures AS t (link_id, run, visitor, variant_id, at, converted, revenue)
    SELECT link_id, run, visitor, variant_id, at, 0, 0
    FROM (
        SELECT m.*, row_number() OVER (
            PARTITION BY link_id, run, visitor ORDER BY at, n) AS place
        FROM fold_marked AS m WHERE m.mark = {exposed}) AS m
    WHERE place = 1 ORDER BY link_id, run, visitor
    ON CONFLICT (link_id, run, visitor) DO UPDATE SET
        variant_id = excluded.variant_id, at = excluded.at
    WHERE excluded.at < t.at
"""

# --- Visitors -------------------------------------------------------------------------

# Keep in {found} what {table} did not hold, and put it there. SQLite has one writer. On
# PostgreSQL another process may insert the same visitor just now, so new are those that
# were really inserted.
KEEP_NEW: dict[Engine, tuple[str, ...]] = {
    "sqlite": (
        "DELETE FROM {found} AS n WHERE EXISTS (SELECT 1 FROM {table} AS t WHERE {same})",
        "INSERT INTO {table} ({columns}) SELECT {columns} FROM {found}",
    ),
    "postgresql": (
        """
        WITH t AS (
            INSERT INTO {table} ({columns}) SELECT {columns} FROM {found} ORDER BY {columns}
            ON CONFLICT DO NOTHING RETURNING {columns})
        DELETE FROM {found} AS n WHERE NOT EXISTS (SELECT 1 FROM t WHERE {same})
        """,
    ),
}
FOR_EVER = {
    "found": "fold_first",
    "table": "link_visitors",
    "columns": "link_id, visitor, day, variant_id",
    "same": "t.link_id = n.link_id AND t.visitor = n.visitor",
}
ON_A_DAY = {
    "found": "fold_again",
    "table": "day_visitors",
    "columns": "day, link_id, visitor, variant_id",
    "same": "t.day = n.day AND t.link_id = n.link_id AND t.visitor = n.visitor "
    "AND t.variant_id = n.variant_id",
}
IN_A_WORKSPACE = {
    "found": "fold_workspace_seen",
    "table": "workspace_visitors",
    "columns": "day, workspace_id, visitor",
    "same": "t.day = n.day AND t.workspace_id = n.workspace_id AND t.visitor = n.visitor",
}

# `link_visitors` holds the day and variant that a visitor was first counted with, so that
# who is new costs one row; `day_visitors` holds all other days, with variant 0, and variants.
AGAIN = """
    WITH more AS (
        SELECT s.day, s.link_id, s.visitor, s.variant_id,
            t.day AS first_day, t.variant_id AS first_variant_id
        FROM fold_seen AS s CROSS JOIN link_visitors AS t
        WHERE NOT EXISTS (
                SELECT 1 FROM fold_first AS f
                WHERE f.link_id = s.link_id AND f.visitor = s.visitor AND f.day = s.day
                    AND f.variant_id = s.variant_id)
            AND t.link_id = s.link_id AND t.visitor = s.visitor),
    kinds (of_variant) AS (VALUES (0), (1))
    INSERT INTO fold_again
    SELECT m.day, m.link_id, m.visitor, m.variant_id * k.of_variant
    FROM more AS m CROSS JOIN kinds AS k
    WHERE (k.of_variant = 0 AND m.day <> m.first_day)
        OR (k.of_variant = 1 AND m.variant_id <> 0
            AND (m.day <> m.first_day OR m.variant_id <> m.first_variant_id))
    ON CONFLICT DO NOTHING
"""

NEW = """
    INSERT INTO fold_new
    SELECT {link}, link_id, day, count(*)
    FROM (
        SELECT link_id, day FROM fold_first
        UNION ALL SELECT link_id, day FROM fold_again WHERE variant_id = 0) AS n
    GROUP BY link_id, day
    UNION ALL SELECT {variant}, variant_id, day, count(*)
    FROM (
        SELECT variant_id, day FROM fold_first WHERE variant_id <> 0
        UNION ALL SELECT variant_id, day FROM fold_again WHERE variant_id <> 0) AS n
    GROUP BY variant_id, day
    UNION ALL SELECT {workspace}, workspace_id, day, count(*)
    FROM fold_workspace_seen GROUP BY workspace_id, day
    UNION ALL SELECT {ever}, link_id, 0, count(*) FROM fold_first GROUP BY link_id
"""

# --- Totals ---------------------------------------------------------------------------

LINK_TOTALS = """
    INSERT INTO link_totals AS t (
        link_id, clicks, views, uniques, rest, last_click_at, conversions, revenue,
        workspace_id, summed_to_day, summed_visits)
    SELECT
        f.link_id, sum(f.clicks), sum(f.views), sum(f.private) + coalesce((
            SELECT n.visitors FROM fold_new AS n
            WHERE n.scope = {ever} AND n.scope_id = f.link_id), 0),
        sum(f.rest), max(f.last_click_at), 0, 0, min(f.workspace_id), 0, 0
    FROM fold_quarters AS f
    GROUP BY f.link_id ORDER BY f.link_id
    ON CONFLICT (link_id) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, views = t.views + excluded.views,
        uniques = t.uniques + excluded.uniques, rest = t.rest + excluded.rest,
        last_click_at = CASE
            WHEN excluded.last_click_at IS NULL OR t.last_click_at > excluded.last_click_at
            THEN t.last_click_at ELSE excluded.last_click_at END
"""

VARIANT_TOTALS = """
    INSERT INTO variant_totals AS t
        (variant_id, link_id, clicks, uniques, conversions, revenue)
    SELECT
        f.variant_id, f.link_id, sum(f.clicks), sum(f.private) + coalesce((
            SELECT sum(n.visitors) FROM fold_new AS n
            WHERE n.scope = {variant} AND n.scope_id = f.variant_id), 0),
        0, 0
    FROM fold_variant_days AS f WHERE f.clicks > 0
    GROUP BY f.link_id, f.variant_id ORDER BY f.variant_id
    ON CONFLICT (variant_id) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, uniques = t.uniques + excluded.uniques
"""

QUARTERS = """
    INSERT INTO {owner}_quarters AS t
        ({owner}_id, quarter, clicks, views, bots, previews, prefetches)
    SELECT
        {owner}_id, quarter, sum(clicks), sum(views), sum(bots), sum(previews), sum(prefetches)
    FROM fold_quarters
    GROUP BY {owner}_id, day, quarter ORDER BY {owner}_id, day, quarter
    ON CONFLICT ({owner}_id, quarter) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, views = t.views + excluded.views,
        bots = t.bots + excluded.bots, previews = t.previews + excluded.previews,
        prefetches = t.prefetches + excluded.prefetches
"""

# --- Days -----------------------------------------------------------------------------

DAYS = """
    INSERT INTO {owner}_days AS t ({owner}_id, day, dim, value, clicks, rest, uniques)
    SELECT f.{owner}_id, f.day, 0, '', sum(f.clicks), sum(f.rest), sum(f.private) + coalesce((
        SELECT n.visitors FROM fold_new AS n
        WHERE n.scope = {scope} AND n.scope_id = f.{owner}_id AND n.day = f.day), 0)
    FROM fold_quarters AS f WHERE f.clicks + f.rest > 0
    GROUP BY f.{owner}_id, f.day ORDER BY f.{owner}_id, f.day
    ON CONFLICT ({owner}_id, day, dim, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest,
        uniques = t.uniques + excluded.uniques
"""

VARIANT_DAYS = """
    INSERT INTO link_days AS t (link_id, day, dim, value, clicks, rest, uniques)
    SELECT f.link_id, f.day, 7, f.label, sum(f.clicks), sum(f.rest),
        sum(f.private + coalesce((
            SELECT n.visitors FROM fold_new AS n
            WHERE n.scope = {variant} AND n.scope_id = f.variant_id AND n.day = f.day), 0))
    FROM fold_variant_days AS f
    GROUP BY f.link_id, f.day, f.label ORDER BY f.link_id, f.day, f.label
    ON CONFLICT (link_id, day, dim, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest,
        uniques = t.uniques + excluded.uniques
"""

DAYS_BY_VALUE = """
    WITH dims (dim) AS (VALUES {dims})
    INSERT INTO link_days AS t (link_id, day, dim, value, clicks, rest, uniques)
    SELECT f.link_id, f.day, d.dim, {value_of_dim}, {click}, {rest}, 0
    FROM fold_facts AS f CROSS JOIN dims AS d
    WHERE f.click + f.rest > 0 AND {condition}
    {by_value}
    ON CONFLICT (link_id, day, dim, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest
"""

WORKSPACE_DAYS_BY_VALUE = """
    INSERT INTO workspace_days AS t (workspace_id, day, dim, value, clicks, rest, uniques)
    SELECT workspace_id, day, dim, value, clicks, rest, 0 FROM fold_workspace_values
    WHERE clicks + rest > 0
    ORDER BY workspace_id, day, dim, value
    ON CONFLICT (workspace_id, day, dim, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest
"""

# Visits to a day that is added up are counted in its fortnight too.
FORTNIGHTS = """
    INSERT INTO workspace_fortnights AS t (workspace_id, dim, fortnight, value, clicks, rest)
    SELECT v.workspace_id, v.dim, v.day / {fortnight}, v.value, sum(v.clicks), sum(v.rest)
    FROM fold_workspace_values AS v CROSS JOIN workspaces AS w
    WHERE w.id = v.workspace_id AND v.day < w.summed_to_day AND v.clicks + v.rest > 0
    GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
    ON CONFLICT (workspace_id, dim, fortnight, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest
"""

DUE_WORKSPACE = """
    SELECT w.id, w.summed_to_day
    FROM (SELECT DISTINCT workspace_id FROM fold_quarters) AS f CROSS JOIN workspaces AS w
    WHERE w.id = f.workspace_id AND w.summed_to_day < {p}
    ORDER BY w.summed_to_day, w.id LIMIT 1
"""

# --- The cap on values ----------------------------------------------------------------

# Only a link-day with more visits than values are kept can have too many values, and only
# when those that came and those that are there are more together. What is there already is
# left out before anything is sorted.
TIGHT = """
    WITH busy AS (
        SELECT t.link_id, t.day
        FROM (SELECT DISTINCT link_id, day FROM fold_quarters) AS f CROSS JOIN link_days AS t
        WHERE t.link_id = f.link_id AND t.day = f.day AND t.dim = 0 AND t.value = ''
            AND t.clicks + t.rest > {p}),
    known AS (
        SELECT b.link_id, b.day, v.dim, v.n, (
            SELECT count(*) FROM link_days AS t WHERE t.link_id = b.link_id AND t.day = b.day
                AND t.dim = v.dim AND t.value NOT IN ('', {p})) AS known
        FROM busy AS b CROSS JOIN fold_values AS v WHERE v.n > 0)
    INSERT INTO fold_tight
    SELECT link_id, day, dim, {p} - known FROM known WHERE known + n > {p}
"""

BEYOND = """
    WITH given AS (
        SELECT f.link_id, f.day, d.dim, {value_of_dim} AS value, d.room, count(*) AS visits
        FROM fold_tight AS d CROSS JOIN fold_facts AS f
        WHERE f.link_id = d.link_id AND f.day = d.day
            AND f.click + f.rest > 0 AND {value_of_dim} <> ''
            AND NOT EXISTS (
                SELECT 1 FROM link_days AS t WHERE t.link_id = f.link_id AND t.day = f.day
                    AND t.dim = d.dim AND t.value = {value_of_dim})
        GROUP BY 1, 2, 3, 4, 5),
    ranked AS (
        SELECT g.*, row_number() OVER (
            PARTITION BY link_id, day, dim ORDER BY visits DESC, value) AS place
        FROM given AS g)
    INSERT INTO fold_beyond SELECT link_id, day, dim, value FROM ranked AS r WHERE r.place > r.room
"""
ARE_BEYOND = "SELECT EXISTS (SELECT 1 FROM fold_beyond)"
TAKE_TOGETHER = """
    UPDATE fold_facts SET {column} = {p} WHERE EXISTS (
        SELECT 1 FROM fold_beyond AS b
        WHERE b.link_id = fold_facts.link_id AND b.day = fold_facts.day AND b.dim = {dim}
            AND b.value = fold_facts.{column})
"""

# --- Totals by value ------------------------------------------------------------------

# `link_value_totals` holds the days before `summed_to_day`. Visits to such a day take it out
# and, once they are counted in it, put it back.
LATE = """
    INSERT INTO fold_sums
    SELECT f.link_id, f.day, f.day + 1
    FROM (SELECT DISTINCT link_id, day FROM fold_quarters) AS f CROSS JOIN link_totals AS t
    WHERE t.link_id = f.link_id AND f.day < t.summed_to_day
"""

DUE = """
    INSERT INTO fold_sums
    SELECT t.link_id, t.summed_to_day, {p}
    FROM (SELECT DISTINCT link_id FROM fold_quarters) AS f CROSS JOIN link_totals AS t
    WHERE t.link_id = f.link_id AND t.summed_to_day < {p}
        AND t.clicks + t.rest - t.summed_visits >= {p}
    ORDER BY t.clicks + t.rest - t.summed_visits DESC, t.link_id LIMIT {p}
"""
ARE_SUMS = "SELECT EXISTS (SELECT 1 FROM fold_sums)"

ADD_UP = """
    INSERT INTO link_value_totals AS t (link_id, dim, value, clicks, rest, uniques)
    SELECT d.link_id, d.dim, d.value,
        {sign} sum(d.clicks), {sign} sum(d.rest), {sign} sum(d.uniques)
    FROM fold_sums AS s CROSS JOIN link_days AS d
    WHERE d.link_id = s.link_id AND d.day >= s.day AND d.day < s.end_day
    GROUP BY d.link_id, d.dim, d.value ORDER BY d.link_id, d.dim, d.value
    ON CONFLICT (link_id, dim, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest,
        uniques = t.uniques + excluded.uniques
"""

SUMMED = """
    UPDATE link_totals SET summed_visits = clicks + rest, summed_to_day = (
        SELECT s.end_day FROM fold_sums AS s WHERE s.link_id = link_totals.link_id)
    WHERE link_id IN (SELECT s.link_id FROM fold_sums AS s)
"""
