"""Invitations into workspaces, and the second factor of users who have one.

Of a link that invites only the SHA-256 is kept. A second factor's secret is not kept at all: it
follows from the server's secret and the nonce.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE invites (
        id {id},
        uid TEXT NOT NULL,
        hash TEXT NOT NULL,
        email TEXT NOT NULL,
        workspace_id BIGINT NOT NULL,
        role TEXT NOT NULL,
        created_by BIGINT,
        created_at BIGINT NOT NULL,
        expires_at BIGINT NOT NULL,
        used_at BIGINT,
        revoked_at BIGINT,
        FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
    )
    """,
    "CREATE UNIQUE INDEX invites_uid ON invites (uid)",
    "CREATE UNIQUE INDEX invites_hash ON invites (hash)",
    "CREATE INDEX invites_workspace_id_email ON invites (workspace_id, email)",
    "ALTER TABLE users ADD COLUMN totp_nonce TEXT",
    "ALTER TABLE users ADD COLUMN totp_since BIGINT",
    "ALTER TABLE users ADD COLUMN totp_step BIGINT",
    "ALTER TABLE users ADD COLUMN recovery TEXT",
)
