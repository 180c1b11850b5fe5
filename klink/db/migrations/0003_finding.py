"""Finding and counting links among a million.

Lists show the links that are not in the trash, so their indexes hold those and nothing else:
a page is read from one, and its number counted along one, without looking at a link. What
few links have (a post, an expiry) is indexed for those that have it, which also makes a
plain link cheaper to store.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    "DROP INDEX links_workspace_id_id",
    "CREATE INDEX links_workspace_id_id ON links (workspace_id, id) WHERE deleted_at IS NULL",
    "DROP INDEX links_workspace_id_updated_at_id",
    """
    CREATE INDEX links_workspace_id_updated_at_id ON links (workspace_id, updated_at, id)
    WHERE deleted_at IS NULL
    """,
    "DROP INDEX links_workspace_id_slug",
    """
    CREATE INDEX links_workspace_id_slug_id ON links (workspace_id, slug, id)
    WHERE deleted_at IS NULL
    """,
    "CREATE INDEX links_trashed ON links (workspace_id, id) WHERE deleted_at IS NOT NULL",
    """
    CREATE INDEX links_inactive ON links (workspace_id, id)
    WHERE deleted_at IS NULL AND NOT is_active
    """,
    """
    CREATE INDEX links_expiring ON links (workspace_id, expires_at, is_active)
    WHERE deleted_at IS NULL AND expires_at IS NOT NULL
    """,
    "DROP INDEX links_workspace_id_post_id",
    """
    CREATE INDEX links_workspace_id_post_id ON links (workspace_id, post_id)
    WHERE post_id IS NOT NULL
    """,
    "DROP INDEX links_workspace_id_site_url",
    """
    CREATE INDEX links_workspace_id_site_url ON links (workspace_id, site_url)
    WHERE site_url IS NOT NULL
    """,
    "DROP INDEX links_expires_at",
    "CREATE INDEX links_expires_at ON links (expires_at) WHERE expires_at IS NOT NULL",
    "DROP INDEX links_deleted_at",
    "CREATE INDEX links_deleted_at ON links (deleted_at) WHERE deleted_at IS NOT NULL",
    """
    CREATE TABLE workspace_links (
        workspace_id BIGINT NOT NULL PRIMARY KEY,
        living BIGINT NOT NULL,
        enabled BIGINT NOT NULL
    )
    """,
    """
    INSERT INTO workspace_links (workspace_id, living, enabled)
    SELECT workspace_id, COUNT(*), SUM(CASE WHEN is_active THEN 1 ELSE 0 END)
    FROM links WHERE deleted_at IS NULL GROUP BY workspace_id
    """,
)
