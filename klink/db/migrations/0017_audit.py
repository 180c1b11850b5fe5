"""Reading the audit log: through which door something was done, and indexes for its filters."""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE audit ADD COLUMN door TEXT",
    "CREATE INDEX audit_workspace_id_action_id ON audit (workspace_id, action, id)",
    "CREATE INDEX audit_workspace_id_user_id_id ON audit (workspace_id, user_id, id)",
)
