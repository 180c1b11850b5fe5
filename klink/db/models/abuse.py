"""What destinations are refused by hand, and what visitors have reported."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, BooleanField, ForeignKeyField, TextField

from klink.db.models.base import Base, MomentField
from klink.db.models.links import Link


class BlockingEntry(Base):
    """A host or pattern that is blocked, or allowed all the same.

    ``workspace_id`` 0 is all workspaces. What the operator entered (``by_operator``) no
    workspace takes away, and an ``allow`` of his holds against the server's lists too.
    """

    id = BigAutoField()
    workspace_id = BigIntegerField()
    kind = TextField()
    value = TextField()
    note = TextField()
    by_operator = BooleanField()
    created_by = BigIntegerField(null=True)
    created_at = MomentField()

    class Meta:
        """Peewee's own settings."""

        table_name = "blocking_entries"
        indexes = ((("workspace_id", "kind", "value", "by_operator"), True),)


class Report(Base):
    """What visitors say of a link; who they are is not kept.

    ``count`` is how often the same was said, ``reported_at`` when it was last.
    """

    id = BigAutoField()
    link = ForeignKeyField(Link, index=False, on_delete="CASCADE")
    link_id: int
    workspace_id = BigIntegerField()
    at = MomentField()
    reported_at = MomentField()
    reason = TextField()
    text = TextField()
    email = TextField(null=True)
    count = BigIntegerField()
    state = TextField()
    closed_at = MomentField(null=True)
    closed_by = TextField(null=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "reports"
        indexes = (
            (("workspace_id", "state", "id"), False),
            (("state", "id"), False),
            (("link", "state"), False),
        )
