"""When the page of each link that names one is looked at, and how that went."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE site_checks (
        link_id BIGINT NOT NULL PRIMARY KEY,
        host TEXT NOT NULL,
        next_at BIGINT NOT NULL,
        last_at BIGINT NOT NULL,
        failures INTEGER NOT NULL,
        outcome TEXT
    )
    """,
    "CREATE INDEX site_checks_next_at ON site_checks (next_at)",
    "CREATE INDEX site_checks_last_at ON site_checks (last_at)",
    # Due at once, and one after another until their hosts are known.
    """
    INSERT INTO site_checks (link_id, host, next_at, last_at, failures)
    SELECT id, '', 0, 0, 0 FROM links WHERE site_url IS NOT NULL AND deleted_at IS NULL
    """,
)
