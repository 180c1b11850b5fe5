"""From the JSON of a batch to facts: statements of :mod:`klink.db.fold`, and their words.

A name in braces stands for text of ours: one of ``WORDS``, or what :mod:`klink.db.fold`
passes. Data only ever comes as a parameter. Here are the tables in memory and what fills
them; nothing in this module writes to the database.
"""

from __future__ import annotations

from klink.db.connection import Engine

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


KIND_FLAGS = 31
"""Flags of a record that tell what kind of visit it was; the others need no facts of their own."""

BY_WEIGHT, KNOWN = 128, 256
"""Flags of a record that say who has seen a variant, and whose click may be asked for."""

NOTHING, CLICKED, EXPOSED = range(3)
"""What follows from a visit beyond its counts: a row of ``visitor_clicks``; an exposure too."""


def _items(kinds: str, number: str, text: str) -> str:
    """The items of a JSON array as columns: ``n`` a number, ``t`` a text."""
    return ", ".join({"n": number, "t": text}[kind].format(i) for i, kind in enumerate(kinds))


def _arrays(number: str, text: str) -> dict[str, str]:
    return {
        "visit_items": _items("nnnnnttttttt", number, text),
        "agent_items": _items("tnntnnttt", number, text),
        "pair_items": _items("tt", number, text),
    }


VALUE_OF_DIM = (
    "CASE d.dim "
    + " ".join(f"WHEN {dim} THEN f.{column}" for dim, column in DIMENSIONS.items())
    + " END"
)

WORDS: dict[Engine, dict[str, str]] = {
    "sqlite": {
        "p": "?",
        "schema": "temp.",
        "is_there": "SELECT EXISTS (SELECT 1 FROM temp.sqlite_master WHERE name = 'fold_sums')",
        "bigint": "INTEGER",
        "plain": "STRICT",
        "keyed": "STRICT, WITHOUT ROWID",
        "empty": "DELETE FROM",
        "each_item": "json_each(?) AS item",
        "array": "json_group_array",
        "pair": "json_array",
        "utm_items": _items("ttttt", "", "coalesce(json_extract(v.utm, '$[{}]'), '')"),
        # Facts lie in the order of their link: to upsert each one is cheaper than to sort
        # all of them by value first.
        "click": "f.click",
        "rest": "f.rest",
        "by_value": "ORDER BY f.link_id, f.day",
        "value_of_dim": VALUE_OF_DIM,
        **_arrays(*["json_extract(item.value, '$[{}]')"] * 2),
    },
    "postgresql": {
        "p": "%s",
        "schema": "",
        "is_there": "SELECT to_regclass('pg_temp.fold_sums') IS NOT NULL",
        "bigint": "BIGINT",
        "plain": "",
        "keyed": "",
        "empty": "TRUNCATE",
        "each_item": "jsonb_array_elements(CAST(%s AS jsonb)) WITH ORDINALITY AS item (value, key)",
        "array": "json_agg",
        "pair": "json_build_array",
        "utm_items": _items("ttttt", "", "coalesce(CAST(v.utm AS jsonb) ->> {}, '')"),
        "click": "sum(f.click)",
        "rest": "sum(f.rest)",
        "by_value": "GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4",
        "value_of_dim": VALUE_OF_DIM,
        **_arrays("CAST(item.value ->> {} AS bigint)", "item.value ->> {}"),
    },
}

# --- What lies in memory during a fold ------------------------------------------------

VISIT_TABLES = {
    "fold_visits": """(
        n {bigint} NOT NULL, at {bigint} NOT NULL, link_id {bigint} NOT NULL,
        variant_id {bigint} NOT NULL, run {bigint} NOT NULL, flags {bigint} NOT NULL,
        visitor TEXT NOT NULL, net TEXT NOT NULL, country TEXT NOT NULL,
        user_agent TEXT NOT NULL, referrer TEXT NOT NULL, language TEXT NOT NULL, utm TEXT
        ) {plain}""",
    "fold_agents": """(
        id {bigint} NOT NULL UNIQUE, user_agent TEXT NOT NULL, flags {bigint} NOT NULL,
        kind {bigint} NOT NULL, reason TEXT NOT NULL,
        is_click {bigint} NOT NULL, is_view {bigint} NOT NULL,
        device TEXT NOT NULL, browser TEXT NOT NULL, os TEXT NOT NULL,
        PRIMARY KEY (user_agent, flags)
        ) {keyed}""",
    "fold_nets": "(net TEXT PRIMARY KEY, country TEXT NOT NULL) {keyed}",
    "fold_referrers": "(referrer TEXT PRIMARY KEY, host TEXT NOT NULL) {keyed}",
}
"""What a batch says, whatever the database holds."""

FACT_TABLES = {
    "fold_facts": """(
        link_id {bigint}, day {bigint}, quarter {bigint}, n {bigint}, mark {bigint},
        workspace_id {bigint}, at {bigint}, variant_id {bigint}, label TEXT, run {bigint},
        kind {bigint}, reason TEXT, click {bigint}, view {bigint}, rest {bigint},
        private {bigint}, agent {bigint}, visitor TEXT, net TEXT, country TEXT,
        device TEXT, browser TEXT, os TEXT, language TEXT, referrer TEXT, utm TEXT,
        utm_source TEXT, utm_medium TEXT, utm_campaign TEXT, utm_content TEXT, utm_term TEXT,
        PRIMARY KEY (link_id, day, quarter, n)
        ) {keyed}""",
    "fold_targets": """(
        link_id {bigint}, variant_id {bigint}, label TEXT, PRIMARY KEY (link_id, variant_id)
        ) {keyed}""",
    "fold_quarters": """(
        link_id {bigint}, day {bigint}, quarter {bigint}, workspace_id {bigint},
        clicks {bigint}, views {bigint}, bots {bigint}, previews {bigint}, prefetches {bigint},
        rest {bigint}, private {bigint}, last_click_at {bigint},
        PRIMARY KEY (link_id, day, quarter)
        ) {keyed}""",
    "fold_variant_days": """(
        link_id {bigint}, day {bigint}, label TEXT, variant_id {bigint},
        clicks {bigint}, rest {bigint}, private {bigint},
        PRIMARY KEY (link_id, day, label, variant_id)
        ) {keyed}""",
    "fold_marked": """(
        link_id {bigint}, run {bigint}, visitor TEXT, at {bigint}, n {bigint}, mark {bigint},
        workspace_id {bigint}, variant_id {bigint}, PRIMARY KEY (link_id, run, visitor, at, n)
        ) {keyed}""",
    "fold_seen": """(
        link_id {bigint}, visitor TEXT, day {bigint}, variant_id {bigint},
        PRIMARY KEY (link_id, visitor, day, variant_id)
        ) {keyed}""",
    "fold_first": """(
        link_id {bigint}, visitor TEXT, day {bigint}, variant_id {bigint},
        PRIMARY KEY (link_id, visitor)
        ) {keyed}""",
    "fold_again": """(
        day {bigint}, link_id {bigint}, visitor TEXT, variant_id {bigint},
        PRIMARY KEY (day, link_id, visitor, variant_id)
        ) {keyed}""",
    "fold_workspace_seen": """(
        day {bigint}, workspace_id {bigint}, visitor TEXT,
        PRIMARY KEY (day, workspace_id, visitor)
        ) {keyed}""",
    "fold_new": """(
        scope {bigint}, scope_id {bigint}, day {bigint}, visitors {bigint},
        PRIMARY KEY (scope, scope_id, day)
        ) {keyed}""",
    "fold_workspace_values": """(
        workspace_id {bigint}, day {bigint}, dim {bigint}, value TEXT,
        clicks {bigint}, rest {bigint},
        PRIMARY KEY (workspace_id, day, dim, value)
        ) {keyed}""",
    "fold_values": "(dim {bigint} PRIMARY KEY, n {bigint}) {keyed}",
    "fold_tight": """(
        link_id {bigint}, day {bigint}, dim {bigint}, room {bigint},
        PRIMARY KEY (link_id, day, dim)
        ) {keyed}""",
    "fold_beyond": """(
        link_id {bigint}, day {bigint}, dim {bigint}, value TEXT,
        PRIMARY KEY (link_id, day, dim, value)
        ) {keyed}""",
    "fold_sums": """(
        link_id {bigint}, day {bigint}, end_day {bigint}, PRIMARY KEY (link_id, day)
        ) {keyed}""",
}
"""What follows from it, made anew when the database has changed meanwhile.

``fold_marked``: the facts with a mark; ``fold_seen``: who clicked which link and variant on
which day; ``fold_first``: of each link and visitor the first of those, later only if new to
the link; ``fold_again``: what
``day_visitors`` must know of the others; ``fold_new``: how many are new, by scope;
``fold_values``: how many values of a capped dimension came, at most; ``fold_tight``: where
there may be too many, and for how many new ones there is room; ``fold_beyond``: those that
there is no room for; ``fold_sums``: days to add to a link's totals.
"""

# Each statement waits for Python's lock when a redirect has it, so none is asked for nothing.
ARE_THERE = "{is_there}"
CREATE = "CREATE TEMP TABLE IF NOT EXISTS {name} {definition}"
LOOK_OVER = "ANALYZE {name}"
EMPTY = "{empty} {name}"

# --- From JSON to facts ---------------------------------------------------------------

VISITS = "INSERT INTO fold_visits SELECT item.key, {visit_items} FROM {each_item}"
# By link: what a part touches then lies together, in the database and in `fold_facts`.
BY_LINK = "CREATE INDEX IF NOT EXISTS {schema}fold_visits_by_link ON fold_visits (link_id)"
COUNT_VISITS = "SELECT count(*), coalesce(max(at), 0) FROM fold_visits"

KINDS = "SELECT kind, count(*) FROM fold_facts GROUP BY kind"
CLICKED_MINUTES = """
    SELECT workspace_id, at / 60000, count(*) FROM fold_facts
    WHERE click = 1 AND at >= {p} GROUP BY 1, 2
"""

LINK_AFTER = """
    SELECT link_id FROM fold_visits WHERE link_id >= {p} ORDER BY link_id LIMIT 1 OFFSET {p}
"""

# One row that holds everything: each row fetched is a turn for Python's lock.
ASK_AGENTS = """
    SELECT CAST({array}({pair}(user_agent, flags)) AS TEXT)
    FROM (SELECT DISTINCT user_agent, flags & {kind_flags} AS flags FROM fold_visits) AS asked
"""
ASK_NETS = """
    SELECT CAST({array}(net) AS TEXT)
    FROM (SELECT DISTINCT net FROM fold_visits WHERE country = '' AND net <> '') AS asked
"""
ASK_REFERRERS = """
    SELECT CAST({array}(referrer) AS TEXT)
    FROM (SELECT DISTINCT referrer FROM fold_visits) AS asked
"""
TELL_AGENTS = "INSERT INTO fold_agents SELECT item.key, {agent_items} FROM {each_item}"
TELL_NETS = "INSERT INTO fold_nets SELECT {pair_items} FROM {each_item}"
TELL_REFERRERS = "INSERT INTO fold_referrers SELECT {pair_items} FROM {each_item}"

MARK = f"""CASE
            WHEN v.visitor = '' OR a.is_click = 0 THEN {NOTHING}
            WHEN v.flags & {BY_WEIGHT} <> 0 THEN {EXPOSED}
            WHEN l.conversion_tracking OR l.mode <> 'single' OR v.flags & {KNOWN} <> 0
            THEN {CLICKED} ELSE {NOTHING} END"""

# CROSS JOIN keeps SQLite to this order; PostgreSQL reads a plain join.
FACTS = """
    INSERT INTO fold_facts
    SELECT
        v.link_id, v.at / 86400000, v.at / 900000, v.n, {mark}, l.workspace_id, v.at,
        v.variant_id, coalesce(w.label, ''), v.run, a.kind, a.reason,
        a.is_click, a.is_view, CASE WHEN a.kind = 0 THEN 0 ELSE a.is_view END,
        CASE WHEN v.visitor = '' THEN a.is_click ELSE 0 END, a.id,
        v.visitor, v.net, CASE WHEN v.country = '' THEN coalesce(n.country, '') ELSE v.country END,
        a.device, a.browser, a.os, v.language, r.host, v.utm, {utm_items}
    FROM fold_visits AS v
    CROSS JOIN links AS l CROSS JOIN fold_agents AS a CROSS JOIN fold_referrers AS r
    LEFT JOIN variants AS w ON w.id = v.variant_id AND w.link_id = v.link_id
    LEFT JOIN fold_nets AS n ON n.net = v.net
    WHERE v.link_id >= {p} AND v.link_id < {p} AND l.id = v.link_id AND a.user_agent = v.user_agent
        AND a.flags = v.flags & {kind_flags} AND r.referrer = v.referrer
"""

TARGETS = """
    INSERT INTO fold_targets SELECT link_id, variant_id, label FROM fold_facts WHERE true
    ON CONFLICT DO NOTHING
"""

# Facts may be made before the transaction that counts them.
ARE_STALE = """
    SELECT EXISTS (
        SELECT 1 FROM fold_targets AS f
        LEFT JOIN links AS l ON l.id = f.link_id
        LEFT JOIN variants AS w ON w.id = f.variant_id AND w.link_id = f.link_id
        WHERE l.id IS NULL OR coalesce(w.label, '') <> f.label)
"""

QUARTERS_OF_FACTS = """
    INSERT INTO fold_quarters
    SELECT
        link_id, day, quarter, min(workspace_id), sum(click), sum(view),
        sum(CASE WHEN kind = 1 THEN view ELSE 0 END),
        sum(CASE WHEN kind = 2 THEN view ELSE 0 END),
        sum(CASE WHEN kind = 3 THEN view ELSE 0 END),
        sum(rest), sum(private), max(CASE WHEN click = 1 THEN at END)
    FROM fold_facts WHERE click + view > 0
    GROUP BY link_id, day, quarter
"""

VARIANT_DAYS_OF_FACTS = """
    INSERT INTO fold_variant_days
    SELECT link_id, day, label, variant_id, sum(click), sum(rest), sum(private)
    FROM fold_facts WHERE click + rest > 0 AND label <> ''
    GROUP BY link_id, day, label, variant_id
"""

MARKED = """
    INSERT INTO fold_marked
    SELECT link_id, run, visitor, at, n, mark, workspace_id, variant_id
    FROM fold_facts WHERE mark > 0
"""
ARE_MARKED = "SELECT EXISTS (SELECT 1 FROM fold_marked)"

SEEN = """
    INSERT INTO fold_seen
    SELECT link_id, visitor, day, CASE WHEN label = '' THEN 0 ELSE variant_id END
    FROM fold_facts WHERE click = 1 AND visitor <> ''
    ON CONFLICT DO NOTHING
"""

SEEN_FIRST = """
    INSERT INTO fold_first
    SELECT link_id, visitor, day, variant_id
    FROM (
        SELECT s.*, row_number() OVER (
            PARTITION BY link_id, visitor ORDER BY day, variant_id) AS place
        FROM fold_seen AS s) AS s
    WHERE place = 1
"""

WORKSPACE_SEEN = """
    INSERT INTO fold_workspace_seen
    SELECT day, workspace_id, visitor FROM fold_facts WHERE click = 1 AND visitor <> ''
    ON CONFLICT DO NOTHING
"""

# A workspace's visits share few agents and places: counted together first, and only then by
# each of their values.
WORKSPACE_VALUES = """
    WITH agents AS (
        SELECT f.workspace_id, f.day, a.device, a.browser, a.os, f.click, f.rest
        FROM (
            SELECT workspace_id, day, agent, sum(click) AS click, sum(rest) AS rest
            FROM fold_facts WHERE click + rest > 0 GROUP BY workspace_id, day, agent) AS f
        JOIN fold_agents AS a ON a.id = f.agent),
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
    INSERT INTO fold_workspace_values
    SELECT workspace_id, day, dim, value, sum(click), sum(rest) FROM f
    GROUP BY workspace_id, day, dim, value
"""

HAS_VALUE = f"(f.utm IS NOT NULL OR f.kind <> 0) AND {VALUE_OF_DIM} <> ''"

WORKSPACE_SOME_VALUES = """
    WITH dims (dim) AS (VALUES {dims})
    INSERT INTO fold_workspace_values
    SELECT f.workspace_id, f.day, d.dim, {value_of_dim}, sum(f.click), sum(f.rest)
    FROM fold_facts AS f CROSS JOIN dims AS d
    WHERE f.click + f.rest > 0 AND {condition}
    GROUP BY 1, 2, 3, 4
"""

HOW_MANY_VALUES = """
    INSERT INTO fold_values
    SELECT 3, count(DISTINCT browser) FROM fold_agents
    UNION ALL SELECT 4, count(DISTINCT os) FROM fold_agents
    UNION ALL SELECT 5, count(DISTINCT language) FROM fold_facts
    UNION ALL SELECT 6, count(DISTINCT host) FROM fold_referrers
    UNION ALL SELECT 8, count(DISTINCT utm_source) FROM fold_facts WHERE utm IS NOT NULL
    UNION ALL SELECT 9, count(DISTINCT utm_medium) FROM fold_facts WHERE utm IS NOT NULL
    UNION ALL SELECT 10, count(DISTINCT utm_campaign) FROM fold_facts WHERE utm IS NOT NULL
    UNION ALL SELECT 11, count(DISTINCT utm_content) FROM fold_facts WHERE utm IS NOT NULL
    UNION ALL SELECT 12, count(DISTINCT utm_term) FROM fold_facts WHERE utm IS NOT NULL
"""
