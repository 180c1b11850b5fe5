"""Events that customers' servers send, and links that were made without a key."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, BooleanField, TextField

from klink.db.models.base import Base, MomentField


class Event(Base):
    """What a visitor did; no foreign keys, since it may outlive the key it came by.

    ``revenue`` has four decimal places (``klink.core.money``), ``metadata`` is JSON.
    """

    id = BigAutoField()
    workspace_id = BigIntegerField()
    key_id = BigIntegerField(null=True)
    created_via = TextField()
    visitor = TextField()
    event_name = TextField()
    revenue = BigIntegerField(null=True)
    currency = TextField()
    name = TextField(null=True)
    metadata = TextField(null=True)
    is_conversion = BooleanField()
    occurred_at = MomentField()
    created_at = MomentField()

    class Meta:
        """Peewee's own settings."""

        table_name = "events"
        indexes = ((("workspace_id", "occurred_at"), False),)


class AnonymousLink(Base):
    """One creation without a key; ``address`` is a keyed hash, never the address itself."""

    id = BigAutoField()
    address = TextField()
    created_at = MomentField(index=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "anonymous_links"
        indexes = ((("address", "created_at"), False),)
