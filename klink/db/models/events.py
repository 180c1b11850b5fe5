"""Events that customers' servers send, and links that were made without a key."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, BooleanField, IntegerField, TextField

from klink.db.models.base import Base, MomentField


class Event(Base):
    """What a visitor did; no foreign keys, since it may outlive the key it came by.

    ``revenue`` has four decimal places (``klink.core.money``), ``metadata`` is JSON.
    ``link_id``, ``variant_id``, ``run`` and ``click_at`` are those of the click that it is
    attributed to, all null without one; ``event_id`` is the sender's own name for it.
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
    link_id = BigIntegerField(null=True)  # from here on, where migration 6 adds them
    variant_id = BigIntegerField(null=True)
    run = IntegerField(null=True)
    click_at = MomentField(null=True)
    event_id = TextField(null=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "events"
        indexes = (
            (("workspace_id", "occurred_at"), False),
            (("workspace_id", "visitor", "occurred_at"), False),
            (("workspace_id", "event_name", "occurred_at"), False),
        )


Event.add_index(
    Event.index(
        Event.workspace_id,
        Event.event_id,
        unique=True,
        name="events_event_id",
        where=Event.event_id.is_null(False),
    )
)
Event.add_index(
    Event.index(
        Event.link_id, Event.occurred_at, name="events_link", where=Event.link_id.is_null(False)
    )
)


class AnonymousLink(Base):
    """One creation without a key; ``address`` is a keyed hash, never the address itself."""

    id = BigAutoField()
    address = TextField()
    created_at = MomentField(index=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "anonymous_links"
        indexes = ((("address", "created_at"), False),)
