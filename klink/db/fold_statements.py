"""The statements of :mod:`klink.db.fold`, in words that each engine has its own form of.

A name in braces stands for text of ours: one of ``WORDS``, or what :mod:`klink.db.fold`
passes. Data only ever comes as a parameter.
"""

from __future__ import annotations

from klink.db.connection import Engine

LINK, VARIANT, WORKSPACE, EVER = range(4)
"""Scopes of ``day_visitors``; and of ``fold_new``, for visitors new to a link for ever."""

DIMENSIONS = {
    1: "country",
    2: "device",
    3: "browser",
    4: "os",
    5: "language",
    6: "referrer",
    7: "label",
    8: "utm_source",
    9: "utm_medium",
    10: "utm_campaign",
    11: "utm_content",
    12: "utm_term",
    13: "reason",
}
"""Columns of ``fold_facts`` by the number of their dimension; 0 is the total."""

EVERY_VISIT = (1, 2, 3, 4, 5, 6)
SOME_VISITS = (8, 9, 10, 11, 12, 13)
"""Dimensions that have a row for '' too, and those of visits with a value only."""

CAPPED = (3, 4, 5, 6, 8, 9, 10, 11, 12)
"""Dimensions whose values strangers make up."""


def _items(kinds: str, number: str, text: str) -> str:
    """The items of a JSON array as columns: ``n`` a number, ``t`` a text."""
    return ", ".join({"n": number, "t": text}[kind].format(i) for i, kind in enumerate(kinds))


def _arrays(number: str, text: str) -> dict[str, str]:
    return {
        "visit_items": _items("nnnnnttttttt", number, text),
        "agent_items": _items("tnntnnttt", number, text),
        "pair_items": _items("tt", number, text),
    }


_VALUE_OF_DIM = (
    "CASE d.dim "
    + " ".join(f"WHEN {dim} THEN f.{column}" for dim, column in DIMENSIONS.items())
    + " END"
)

WORDS: dict[Engine, dict[str, str]] = {
    "sqlite": {
        "p": "?",
        "bigint": "INTEGER",
        "plain": "STRICT",
        "keyed": "STRICT, WITHOUT ROWID",
        "each_item": "json_each(?) AS item",
        "each_visit": "json_each(?) AS item",
        "array": "json_group_array",
        "pair": "json_array",
        "utm_items": _items("ttttt", "", "coalesce(json_extract(v.utm, '$[{}]'), '')"),
        # Facts lie in the order of their link: to upsert each one is cheaper than to sort
        # all of them by value first.
        "clicks": "f.click",
        "rest": "f.rest",
        "by_value": "ORDER BY f.link_id, f.day",
        "value_of_dim": _VALUE_OF_DIM,
        **_arrays(*["json_extract(item.value, '$[{}]')"] * 2),
    },
    "postgresql": {
        "p": "%s",
        "bigint": "BIGINT",
        "plain": "ON COMMIT DELETE ROWS",
        "keyed": "ON COMMIT DELETE ROWS",
        "each_item": "jsonb_array_elements(CAST(%s AS jsonb)) AS item (value)",
        "each_visit": "jsonb_array_elements(CAST(%s AS jsonb)) "
        "WITH ORDINALITY AS item (value, key)",
        "array": "json_agg",
        "pair": "json_build_array",
        "utm_items": _items("ttttt", "", "coalesce(CAST(v.utm AS jsonb) ->> {}, '')"),
        "clicks": "sum(f.click)",
        "rest": "sum(f.rest)",
        "by_value": "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        "value_of_dim": _VALUE_OF_DIM,
        **_arrays("CAST(item.value ->> {} AS bigint)", "item.value ->> {}"),
    },
}

# --- What lies in memory during a fold ------------------------------------------------

TEMP_TABLES = {
    "fold_visits": """(
        n {bigint} NOT NULL, at {bigint} NOT NULL, link_id {bigint} NOT NULL,
        variant_id {bigint} NOT NULL, run {bigint} NOT NULL, flags {bigint} NOT NULL,
        visitor TEXT NOT NULL, net TEXT NOT NULL, country TEXT NOT NULL,
        user_agent TEXT NOT NULL, referrer TEXT NOT NULL, language TEXT NOT NULL, utm TEXT
        ) {plain}""",
    "fold_agents": """(
        user_agent TEXT NOT NULL, flags {bigint} NOT NULL, kind {bigint} NOT NULL,
        reason TEXT NOT NULL, is_click {bigint} NOT NULL, is_view {bigint} NOT NULL,
        device TEXT NOT NULL, browser TEXT NOT NULL, os TEXT NOT NULL,
        PRIMARY KEY (user_agent, flags)
        ) {keyed}""",
    "fold_nets": "(net TEXT PRIMARY KEY, country TEXT NOT NULL) {keyed}",
    "fold_referrers": "(referrer TEXT PRIMARY KEY, host TEXT NOT NULL) {keyed}",
    "fold_facts": """(
        link_id {bigint}, day {bigint}, quarter {bigint}, n {bigint}, workspace_id {bigint},
        at {bigint}, variant_id {bigint}, label TEXT, run {bigint}, kind {bigint}, reason TEXT,
        click {bigint}, view {bigint}, rest {bigint}, private {bigint},
        visitor TEXT, net TEXT, country TEXT, device TEXT, browser TEXT, os TEXT,
        language TEXT, referrer TEXT, utm TEXT, utm_source TEXT, utm_medium TEXT,
        utm_campaign TEXT, utm_content TEXT, utm_term TEXT,
        PRIMARY KEY (link_id, day, quarter, n)
        ) {keyed}""",
    "fold_new": """(
        scope {bigint}, scope_id {bigint}, day {bigint}, visitor TEXT,
        PRIMARY KEY (scope, scope_id, day, visitor)
        ) {keyed}""",
    "fold_beyond": """(
        link_id {bigint}, day {bigint}, dim {bigint}, value TEXT,
        PRIMARY KEY (link_id, day, dim, value)
        ) {keyed}""",
}
"""``fold_new``: visitors not seen before, by the scopes of ``day_visitors`` and EVER;
``fold_beyond``: values that come after the first ``max_values``."""

CREATE = "CREATE TEMP TABLE IF NOT EXISTS {name} {definition}"
EMPTY = "DELETE FROM {name}"

# --- From JSON to facts ---------------------------------------------------------------

VISITS = "INSERT INTO fold_visits SELECT item.key, {visit_items} FROM {each_visit}"
COUNT_VISITS = "SELECT count(*), coalesce(max(at), 0) FROM fold_visits"

# One row that holds everything: each row fetched is a turn for Python's lock.
ASK_AGENTS = """
    SELECT CAST({array}({pair}(user_agent, flags)) AS TEXT)
    FROM (SELECT DISTINCT user_agent, flags FROM fold_visits) AS asked
"""
ASK_NETS = """
    SELECT CAST({array}(net) AS TEXT)
    FROM (SELECT DISTINCT net FROM fold_visits WHERE country = '' AND net <> '') AS asked
"""
ASK_REFERRERS = """
    SELECT CAST({array}(referrer) AS TEXT)
    FROM (SELECT DISTINCT referrer FROM fold_visits) AS asked
"""
TELL_AGENTS = "INSERT INTO fold_agents SELECT {agent_items} FROM {each_item}"
TELL_NETS = "INSERT INTO fold_nets SELECT {pair_items} FROM {each_item}"
TELL_REFERRERS = "INSERT INTO fold_referrers SELECT {pair_items} FROM {each_item}"

# CROSS JOIN keeps SQLite to this order; PostgreSQL reads a plain join.
FACTS = """
    INSERT INTO fold_facts
    SELECT
        v.link_id, v.at / 86400000, v.at / 900000, v.n, l.workspace_id, v.at,
        v.variant_id, coalesce(w.label, ''), v.run, a.kind, a.reason,
        a.is_click, a.is_view, CASE WHEN a.kind = 0 THEN 0 ELSE a.is_view END,
        CASE WHEN v.visitor = '' THEN a.is_click ELSE 0 END,
        v.visitor, v.net, CASE WHEN v.country = '' THEN coalesce(n.country, '') ELSE v.country END,
        a.device, a.browser, a.os, v.language, r.host, v.utm, {utm_items}
    FROM fold_visits AS v
    CROSS JOIN links AS l CROSS JOIN fold_agents AS a CROSS JOIN fold_referrers AS r
    LEFT JOIN variants AS w ON w.id = v.variant_id AND w.link_id = v.link_id
    LEFT JOIN fold_nets AS n ON n.net = v.net
    WHERE l.id = v.link_id AND a.user_agent = v.user_agent AND a.flags = v.flags
        AND r.referrer = v.referrer
"""

CLICKS = """
    INSERT INTO clicks (
        at, link_id, workspace_id, variant_id, run, kind, reason, is_click, is_view, visitor,
        net, country, device, browser, os, language, referrer, utm)
    SELECT
        at, link_id, workspace_id, variant_id, run, kind, reason, click, view, visitor,
        net, country, device, browser, os, language, referrer, utm
    FROM fold_facts ORDER BY link_id, day, quarter, n
"""

# --- Totals ---------------------------------------------------------------------------

QUARTERS = """
    INSERT INTO {owner}_quarters AS t
        ({owner}_id, quarter, clicks, views, bots, previews, prefetches)
    SELECT
        {owner}_id, quarter, sum(click), sum(view),
        sum(CASE WHEN kind = 1 THEN view ELSE 0 END),
        sum(CASE WHEN kind = 2 THEN view ELSE 0 END),
        sum(CASE WHEN kind = 3 THEN view ELSE 0 END)
    FROM fold_facts WHERE click + view > 0
    GROUP BY {owner}_id, day, quarter ORDER BY {owner}_id, day, quarter
    ON CONFLICT ({owner}_id, quarter) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, views = t.views + excluded.views,
        bots = t.bots + excluded.bots, previews = t.previews + excluded.previews,
        prefetches = t.prefetches + excluded.prefetches
"""

LINK_TOTALS = """
    INSERT INTO link_totals AS t
        (link_id, clicks, views, uniques, rest, last_click_at, conversions, revenue)
    SELECT
        f.link_id, sum(f.click), sum(f.view), sum(f.private) + (
            SELECT count(*) FROM fold_new AS n WHERE n.scope = {ever} AND n.scope_id = f.link_id),
        sum(f.rest), max(CASE WHEN f.click = 1 THEN f.at END), 0, 0
    FROM fold_facts AS f WHERE f.click + f.view > 0
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
        f.variant_id, f.link_id, sum(f.click), sum(f.private) + (
            SELECT count(*) FROM fold_new AS n
            WHERE n.scope = {variant} AND n.scope_id = f.variant_id),
        0, 0
    FROM fold_facts AS f WHERE f.click = 1 AND f.label <> ''
    GROUP BY f.link_id, f.variant_id ORDER BY f.variant_id
    ON CONFLICT (variant_id) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, uniques = t.uniques + excluded.uniques
"""

# --- Visitors -------------------------------------------------------------------------

CANDIDATES = """
    INSERT INTO fold_new (scope, scope_id, day, visitor)
    SELECT {scope}, {owner}_id, day, visitor FROM fold_facts
    WHERE click = 1 AND visitor <> '' AND ({scope} <> {variant} OR label <> '')
    ORDER BY {owner}_id, day, visitor
    ON CONFLICT DO NOTHING
"""

# Who is not new to a link's day has been counted for ever as well.
CANDIDATES_FOR_EVER = """
    INSERT INTO fold_new (scope, scope_id, day, visitor)
    SELECT {ever}, scope_id, min(day), visitor FROM fold_new WHERE scope = {link}
    GROUP BY scope_id, visitor
"""

# SQLite has one writer. On PostgreSQL another process may insert the same visitor just
# now, so new are those that were really inserted.
KEEP_NEW: dict[Engine, tuple[str, ...]] = {
    "sqlite": (
        "DELETE FROM fold_new AS n WHERE {of} AND EXISTS (SELECT 1 FROM {table} AS t WHERE {same})",
        "INSERT INTO {table} ({columns}) SELECT {values} FROM fold_new AS n WHERE {of}",
    ),
    "postgresql": (
        """
        WITH t AS (
            INSERT INTO {table} ({columns})
            SELECT {values} FROM fold_new AS n WHERE {of} ORDER BY {values}
            ON CONFLICT DO NOTHING RETURNING {columns})
        DELETE FROM fold_new AS n WHERE {of} AND NOT EXISTS (SELECT 1 FROM t WHERE {same})
        """,
    ),
}
OF_A_DAY = {
    "table": "day_visitors",
    "columns": "scope, scope_id, day, visitor",
    "values": "scope, scope_id, day, visitor",
    "of": "n.scope < 3",
    "same": "t.scope = n.scope AND t.scope_id = n.scope_id AND t.day = n.day "
    "AND t.visitor = n.visitor",
}
OF_EVER = {
    "table": "link_visitors",
    "columns": "link_id, visitor, day",
    "values": "scope_id, visitor, day",
    "of": "n.scope = 3",
    "same": "t.link_id = n.scope_id AND t.visitor = n.visitor",
}

# --- Days -----------------------------------------------------------------------------

DAYS = """
    INSERT INTO {owner}_days AS t ({owner}_id, day, dim, value, clicks, rest, uniques)
    SELECT f.{owner}_id, f.day, 0, '', sum(f.click), sum(f.rest), sum(f.private) + (
        SELECT count(*) FROM fold_new AS n
        WHERE n.scope = {scope} AND n.scope_id = f.{owner}_id AND n.day = f.day)
    FROM fold_facts AS f WHERE f.click + f.rest > 0
    GROUP BY f.{owner}_id, f.day ORDER BY f.{owner}_id, f.day
    ON CONFLICT ({owner}_id, day, dim, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest,
        uniques = t.uniques + excluded.uniques
"""

VARIANT_DAYS = """
    INSERT INTO link_days AS t (link_id, day, dim, value, clicks, rest, uniques)
    SELECT f.link_id, f.day, 7, f.label, sum(f.click), sum(f.rest), sum(f.private) + (
        SELECT count(*) FROM fold_new AS n
        WHERE n.scope = {variant} AND n.scope_id = f.variant_id AND n.day = f.day)
    FROM fold_facts AS f WHERE f.click + f.rest > 0 AND f.label <> ''
    GROUP BY f.link_id, f.day, f.label, f.variant_id ORDER BY f.link_id, f.day, f.label
    ON CONFLICT (link_id, day, dim, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest,
        uniques = t.uniques + excluded.uniques
"""

DAYS_BY_VALUE = """
    WITH dims (dim) AS (VALUES {dims})
    INSERT INTO {owner}_days AS t ({owner}_id, day, dim, value, clicks, rest, uniques)
    SELECT f.{owner}_id, f.day, d.dim, {value_of_dim}, {clicks}, {rest}, 0
    FROM fold_facts AS f CROSS JOIN dims AS d
    WHERE f.click + f.rest > 0 AND {condition}
    {by_value}
    ON CONFLICT ({owner}_id, day, dim, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest
"""

HAS_VALUE = f"(f.utm IS NOT NULL OR f.kind <> 0) AND {_VALUE_OF_DIM} <> ''"

# A workspace's visits share few agents and places: counted together first, and only then by
# each of their values.
WORKSPACE_DAYS_BY_VALUE = """
    WITH agents AS (
        SELECT workspace_id, day, device, browser, os, sum(click) AS click, sum(rest) AS rest
        FROM fold_facts WHERE click + rest > 0
        GROUP BY workspace_id, day, device, browser, os),
    places AS (
        SELECT workspace_id, day, country, language, sum(click) AS click, sum(rest) AS rest
        FROM fold_facts WHERE click + rest > 0
        GROUP BY workspace_id, day, country, language),
    f AS (
        SELECT workspace_id, day, 1 AS dim, country AS value, click, rest FROM places
        UNION ALL SELECT workspace_id, day, 2, device, click, rest FROM agents
        UNION ALL SELECT workspace_id, day, 3, browser, click, rest FROM agents
        UNION ALL SELECT workspace_id, day, 4, os, click, rest FROM agents
        UNION ALL SELECT workspace_id, day, 5, language, click, rest FROM places
        UNION ALL SELECT workspace_id, day, 6, referrer, click, rest FROM fold_facts
            WHERE click + rest > 0)
    INSERT INTO workspace_days AS t (workspace_id, day, dim, value, clicks, rest, uniques)
    SELECT workspace_id, day, dim, value, sum(click), sum(rest), 0 FROM f
    GROUP BY workspace_id, day, dim, value ORDER BY workspace_id, day, dim, value
    ON CONFLICT (workspace_id, day, dim, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest
"""

# Only a link-day with more visits than values are kept can have too many values.
BEYOND = """
    WITH dims (dim) AS (VALUES {dims}),
    busy AS (
        SELECT t.link_id, t.day
        FROM (SELECT DISTINCT link_id, day FROM fold_facts) AS f CROSS JOIN link_days AS t
        WHERE t.link_id = f.link_id AND t.day = f.day AND t.dim = 0 AND t.value = ''
            AND t.clicks + t.rest > {p}),
    given AS (
        SELECT f.link_id, f.day, d.dim, {value_of_dim} AS value, count(*) AS visits
        FROM busy AS b CROSS JOIN fold_facts AS f CROSS JOIN dims AS d
        WHERE f.link_id = b.link_id AND f.day = b.day AND f.click + f.rest > 0
            AND {value_of_dim} <> ''
        GROUP BY 1, 2, 3, 4),
    ranked AS (
        SELECT g.*, row_number() OVER (
            PARTITION BY link_id, day, dim ORDER BY visits DESC, value) AS place
        FROM given AS g
        WHERE NOT EXISTS (
            SELECT 1 FROM link_days AS t WHERE t.link_id = g.link_id AND t.day = g.day
                AND t.dim = g.dim AND t.value = g.value))
    INSERT INTO fold_beyond SELECT link_id, day, dim, value FROM ranked AS r
    WHERE r.place > {p} - (
        SELECT count(*) FROM link_days AS t WHERE t.link_id = r.link_id AND t.day = r.day
            AND t.dim = r.dim AND t.value NOT IN ('', {p}))
"""
COUNT_BEYOND = "SELECT count(*) FROM fold_beyond"
TAKE_TOGETHER = """
    UPDATE fold_facts SET {column} = {p} WHERE EXISTS (
        SELECT 1 FROM fold_beyond AS b
        WHERE b.link_id = fold_facts.link_id AND b.day = fold_facts.day AND b.dim = {dim}
            AND b.value = fold_facts.{column})
"""
