"""Claims of hosts and how their proofs stand; where a domain sends those who ask for no link.

Anybody may claim a host, so claims are many for one, and a row in ``domains`` comes only with
a proof.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE domain_claims (
        id {id},
        workspace_id BIGINT NOT NULL,
        host TEXT NOT NULL,
        token TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        verified_by TEXT,
        checked_at BIGINT,
        findings TEXT,
        tries INTEGER NOT NULL,
        next_check_at BIGINT,
        failing_since BIGINT,
        FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
    )
    """,
    "CREATE UNIQUE INDEX domain_claims_workspace_id_host ON domain_claims (workspace_id, host)",
    "CREATE INDEX domain_claims_host ON domain_claims (host)",
    """
    CREATE INDEX domain_claims_next_check_at ON domain_claims (next_check_at)
    WHERE next_check_at IS NOT NULL
    """,
    "ALTER TABLE domains ADD COLUMN root_url TEXT",
    "ALTER TABLE domains ADD COLUMN not_found_url TEXT",
    "ALTER TABLE domains ADD COLUMN is_default BOOLEAN NOT NULL DEFAULT FALSE",
    "CREATE UNIQUE INDEX domains_default ON domains (workspace_id) WHERE is_default",
)
