"""Who is signed in at the admin page."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE sessions (
        id {id},
        hash TEXT NOT NULL,
        user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
        workspace_id BIGINT NOT NULL,
        created_at BIGINT NOT NULL,
        seen_at BIGINT NOT NULL,
        net TEXT NOT NULL,
        agent TEXT NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX sessions_hash ON sessions (hash)",
    "CREATE INDEX sessions_user_id ON sessions (user_id)",
    "CREATE INDEX sessions_seen_at ON sessions (seen_at)",
)
