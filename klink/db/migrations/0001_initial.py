"""The first schema: everything links, people, clicks and their counts need.

Roll-up tables have no row ids on SQLite: their key is what they are read by.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    CREATE TABLE meta (
        "key" TEXT NOT NULL PRIMARY KEY,
        "value" TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE workspaces (
        id {id},
        uid TEXT NOT NULL,
        public_id TEXT NOT NULL,
        name TEXT NOT NULL,
        plan TEXT,
        currency TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX workspaces_uid ON workspaces (uid)",
    "CREATE UNIQUE INDEX workspaces_public_id ON workspaces (public_id)",
    "CREATE UNIQUE INDEX workspaces_name ON workspaces (name)",
    """
    CREATE TABLE users (
        id {id},
        uid TEXT NOT NULL,
        email TEXT NOT NULL,
        name TEXT,
        password_hash TEXT,
        is_active BOOLEAN NOT NULL,
        created_at BIGINT NOT NULL
    )
    """,
    "CREATE UNIQUE INDEX users_uid ON users (uid)",
    "CREATE UNIQUE INDEX users_email ON users (email)",
    """
    CREATE TABLE memberships (
        user_id BIGINT NOT NULL,
        workspace_id BIGINT NOT NULL,
        role TEXT NOT NULL,
        created_at BIGINT NOT NULL,
        PRIMARY KEY (user_id, workspace_id),
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE,
        FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
    ){without_rowid}
    """,
    "CREATE INDEX memberships_workspace_id ON memberships (workspace_id)",
    """
    CREATE TABLE api_keys (
        id {id},
        uid TEXT NOT NULL,
        workspace_id BIGINT NOT NULL,
        user_id BIGINT NOT NULL,
        dialect TEXT NOT NULL,
        name TEXT NOT NULL,
        hint TEXT NOT NULL,
        hash TEXT NOT NULL,
        scopes TEXT NOT NULL,
        plan TEXT,
        created_at BIGINT NOT NULL,
        last_used_at BIGINT,
        revoked_at BIGINT,
        FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE,
        FOREIGN KEY (user_id) REFERENCES users (id) ON DELETE CASCADE
    )
    """,
    "CREATE UNIQUE INDEX api_keys_uid ON api_keys (uid)",
    "CREATE INDEX api_keys_workspace_id ON api_keys (workspace_id)",
    "CREATE INDEX api_keys_user_id ON api_keys (user_id)",
    "CREATE UNIQUE INDEX api_keys_hash ON api_keys (hash)",
    """
    CREATE TABLE domains (
        id {id},
        host TEXT NOT NULL,
        workspace_id BIGINT,
        verified_at BIGINT,
        created_at BIGINT NOT NULL,
        FOREIGN KEY (workspace_id) REFERENCES workspaces (id) ON DELETE CASCADE
    )
    """,
    "CREATE UNIQUE INDEX domains_host ON domains (host)",
    "CREATE INDEX domains_workspace_id ON domains (workspace_id)",
    """
    CREATE TABLE links (
        id {id},
        uid TEXT NOT NULL,
        workspace_id BIGINT NOT NULL,
        created_by BIGINT,
        created_via TEXT NOT NULL,
        domain_id BIGINT NOT NULL,
        slug TEXT NOT NULL,
        url TEXT NOT NULL,
        location TEXT NOT NULL,
        title TEXT,
        description TEXT,
        type TEXT NOT NULL,
        post_id TEXT,
        site_url TEXT,
        site_verified_at BIGINT,
        scheduled_deletion_at BIGINT,
        mode TEXT NOT NULL,
        default_label TEXT,
        winner_label TEXT,
        winner_at BIGINT,
        auto_winner BOOLEAN NOT NULL,
        winner_threshold INTEGER NOT NULL,
        run INTEGER NOT NULL,
        utm_source TEXT,
        utm_medium TEXT,
        utm_campaign TEXT,
        utm_content TEXT,
        utm_term TEXT,
        forward_query BOOLEAN NOT NULL,
        redirect_status SMALLINT NOT NULL,
        conversion_tracking BOOLEAN NOT NULL,
        starts_at BIGINT,
        expires_at BIGINT,
        max_clicks BIGINT,
        expired_url TEXT,
        expired_location TEXT,
        password_hash TEXT,
        is_active BOOLEAN NOT NULL,
        quarantined_at BIGINT,
        deleted_at BIGINT,
        version INTEGER NOT NULL,
        created_at BIGINT NOT NULL,
        updated_at BIGINT NOT NULL,
        FOREIGN KEY (workspace_id) REFERENCES workspaces (id),
        FOREIGN KEY (domain_id) REFERENCES domains (id)
    )
    """,
    "CREATE UNIQUE INDEX links_uid ON links (uid)",
    "CREATE UNIQUE INDEX links_domain_id_slug ON links (domain_id, slug)",
    "CREATE INDEX links_workspace_id_id ON links (workspace_id, id)",
    "CREATE INDEX links_workspace_id_updated_at_id ON links (workspace_id, updated_at, id)",
    "CREATE INDEX links_workspace_id_slug ON links (workspace_id, slug)",
    "CREATE INDEX links_workspace_id_post_id ON links (workspace_id, post_id)",
    "CREATE INDEX links_workspace_id_site_url ON links (workspace_id, site_url)",
    "CREATE INDEX links_expires_at ON links (expires_at)",
    "CREATE INDEX links_deleted_at ON links (deleted_at)",
    """
    CREATE TABLE link_tags (
        link_id BIGINT NOT NULL,
        tag TEXT NOT NULL,
        workspace_id BIGINT NOT NULL,
        PRIMARY KEY (link_id, tag),
        FOREIGN KEY (link_id) REFERENCES links (id) ON DELETE CASCADE
    ){without_rowid}
    """,
    "CREATE INDEX link_tags_workspace_id_tag_link_id ON link_tags (workspace_id, tag, link_id)",
    """
    CREATE TABLE variants (
        id {id},
        uid TEXT NOT NULL,
        link_id BIGINT NOT NULL,
        label TEXT NOT NULL,
        url TEXT NOT NULL,
        location TEXT NOT NULL,
        weight INTEGER NOT NULL,
        position INTEGER NOT NULL,
        FOREIGN KEY (link_id) REFERENCES links (id) ON DELETE CASCADE
    )
    """,
    "CREATE UNIQUE INDEX variants_uid ON variants (uid)",
    "CREATE UNIQUE INDEX variants_link_id_label ON variants (link_id, label)",
    """
    CREATE TABLE rules (
        id {id},
        link_id BIGINT NOT NULL,
        position INTEGER NOT NULL,
        conditions TEXT NOT NULL,
        "use" TEXT NOT NULL,
        FOREIGN KEY (link_id) REFERENCES links (id) ON DELETE CASCADE
    )
    """,
    "CREATE UNIQUE INDEX rules_link_id_position ON rules (link_id, position)",
    """
    CREATE TABLE clicks (
        id {id},
        "at" BIGINT NOT NULL,
        link_id BIGINT NOT NULL,
        workspace_id BIGINT NOT NULL,
        variant_id BIGINT NOT NULL,
        run INTEGER NOT NULL,
        kind SMALLINT NOT NULL,
        reason TEXT NOT NULL,
        is_click SMALLINT NOT NULL,
        is_view SMALLINT NOT NULL,
        visitor TEXT NOT NULL,
        net TEXT NOT NULL,
        country TEXT NOT NULL,
        device TEXT NOT NULL,
        browser TEXT NOT NULL,
        os TEXT NOT NULL,
        language TEXT NOT NULL,
        referrer TEXT NOT NULL,
        utm TEXT
    )
    """,
    'CREATE INDEX clicks_link_id_at_id ON clicks (link_id, "at", id)',
    """
    CREATE TABLE link_quarters (
        link_id BIGINT NOT NULL,
        quarter BIGINT NOT NULL,
        clicks BIGINT NOT NULL,
        views BIGINT NOT NULL,
        bots BIGINT NOT NULL,
        previews BIGINT NOT NULL,
        prefetches BIGINT NOT NULL,
        PRIMARY KEY (link_id, quarter)
    ){without_rowid}
    """,
    """
    CREATE TABLE workspace_quarters (
        workspace_id BIGINT NOT NULL,
        quarter BIGINT NOT NULL,
        clicks BIGINT NOT NULL,
        views BIGINT NOT NULL,
        bots BIGINT NOT NULL,
        previews BIGINT NOT NULL,
        prefetches BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, quarter)
    ){without_rowid}
    """,
    """
    CREATE TABLE link_days (
        link_id BIGINT NOT NULL,
        day BIGINT NOT NULL,
        dim SMALLINT NOT NULL,
        "value" TEXT NOT NULL,
        clicks BIGINT NOT NULL,
        rest BIGINT NOT NULL,
        uniques BIGINT NOT NULL,
        PRIMARY KEY (link_id, day, dim, "value")
    ){without_rowid}
    """,
    """
    CREATE TABLE workspace_days (
        workspace_id BIGINT NOT NULL,
        day BIGINT NOT NULL,
        dim SMALLINT NOT NULL,
        "value" TEXT NOT NULL,
        clicks BIGINT NOT NULL,
        rest BIGINT NOT NULL,
        uniques BIGINT NOT NULL,
        PRIMARY KEY (workspace_id, day, dim, "value")
    ){without_rowid}
    """,
    """
    CREATE TABLE day_visitors (
        scope SMALLINT NOT NULL,
        scope_id BIGINT NOT NULL,
        day BIGINT NOT NULL,
        visitor TEXT NOT NULL,
        PRIMARY KEY (scope, scope_id, day, visitor)
    ){without_rowid}
    """,
    """
    CREATE TABLE link_visitors (
        link_id BIGINT NOT NULL,
        visitor TEXT NOT NULL,
        day BIGINT NOT NULL,
        PRIMARY KEY (link_id, visitor)
    ){without_rowid}
    """,
    """
    CREATE TABLE link_totals (
        link_id BIGINT NOT NULL PRIMARY KEY,
        clicks BIGINT NOT NULL,
        views BIGINT NOT NULL,
        uniques BIGINT NOT NULL,
        rest BIGINT NOT NULL,
        last_click_at BIGINT,
        conversions BIGINT NOT NULL,
        revenue BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE variant_totals (
        variant_id BIGINT NOT NULL PRIMARY KEY,
        link_id BIGINT NOT NULL,
        clicks BIGINT NOT NULL,
        uniques BIGINT NOT NULL,
        conversions BIGINT NOT NULL,
        revenue BIGINT NOT NULL
    )
    """,
    "CREATE INDEX variant_totals_link_id ON variant_totals (link_id)",
    """
    CREATE TABLE link_uses (
        link_id BIGINT NOT NULL PRIMARY KEY,
        used BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE purges (
        link_id BIGINT NOT NULL PRIMARY KEY,
        "at" BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE journal_positions (
        stream TEXT NOT NULL PRIMARY KEY,
        segment BIGINT NOT NULL,
        "offset" BIGINT NOT NULL,
        updated_at BIGINT NOT NULL
    )
    """,
    """
    CREATE TABLE changes (
        seq {id},
        "at" BIGINT NOT NULL,
        kind TEXT NOT NULL,
        link_id BIGINT,
        domain_id BIGINT,
        slug TEXT
    )
    """,
    'CREATE INDEX changes_at ON changes ("at")',
    """
    CREATE TABLE idempotency (
        id TEXT NOT NULL PRIMARY KEY,
        request_hash TEXT NOT NULL,
        status SMALLINT NOT NULL,
        body TEXT NOT NULL,
        created_at BIGINT NOT NULL
    )
    """,
    "CREATE INDEX idempotency_created_at ON idempotency (created_at)",
    """
    CREATE TABLE usage (
        scope TEXT NOT NULL,
        "window" TEXT NOT NULL,
        start BIGINT NOT NULL,
        count BIGINT NOT NULL,
        PRIMARY KEY (scope, "window", start)
    ){without_rowid}
    """,
    """
    CREATE TABLE audit (
        id {id},
        "at" BIGINT NOT NULL,
        workspace_id BIGINT,
        user_id BIGINT,
        key_id BIGINT,
        action TEXT NOT NULL,
        subject TEXT NOT NULL,
        details TEXT NOT NULL
    )
    """,
    "CREATE INDEX audit_workspace_id_id ON audit (workspace_id, id)",
    "CREATE INDEX audit_subject_id ON audit (subject, id)",
)
