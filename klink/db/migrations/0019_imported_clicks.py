"""How many of a link's clicks it had before it came here: they are in ``clicks`` and ``views``.

Whatever holds totals against the clicks that klink has counted itself takes them off.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE link_totals ADD COLUMN imported BIGINT NOT NULL DEFAULT 0",
    """
    CREATE INDEX link_totals_imported ON link_totals (workspace_id, imported) WHERE imported > 0
    """,
)
