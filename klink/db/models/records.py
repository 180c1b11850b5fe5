"""What klink keeps about its own doings: facts, changes, stored answers, usage, audit."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, CompositeKey, SmallIntegerField, TextField

from klink.db.models.base import Base, MomentField


class Meta(Base):
    """Facts about this database: its epoch, its schema version."""

    key = TextField(primary_key=True)
    value = TextField()


class Change(Base):
    """What changed, for the caches of this and other processes."""

    seq = BigAutoField()
    at = MomentField(index=True)
    kind = TextField()
    link_id = BigIntegerField(null=True)
    domain_id = BigIntegerField(null=True)
    slug = TextField(null=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "changes"


class Idempotent(Base):
    """The stored answer to a request that came with an Idempotency-Key."""

    id = TextField(primary_key=True)
    request_hash = TextField()
    status = SmallIntegerField()
    body = TextField()
    created_at = MomentField(index=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "idempotency"


class Usage(Base):
    """API calls counted in one window of one key, workspace or stranger's address."""

    scope = TextField()
    window = TextField()
    start = BigIntegerField()
    count = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "usage"
        primary_key = CompositeKey("scope", "window", "start")


class Audit(Base):
    """Who did what, when; ``door`` is what they came through, null where nobody asked."""

    id = BigAutoField()
    at = MomentField()
    workspace_id = BigIntegerField(null=True)
    user_id = BigIntegerField(null=True)
    key_id = BigIntegerField(null=True)
    action = TextField()
    subject = TextField()
    details = TextField()
    door = TextField(null=True)  # last, where migration 17 adds it

    class Meta:
        """Peewee's own settings."""

        table_name = "audit"
        indexes = (
            (("workspace_id", "id"), False),
            (("subject", "id"), False),
            (("workspace_id", "action", "id"), False),
            (("workspace_id", "user_id", "id"), False),
        )
