"""Links and what belongs to each: domain, tags, variants, rules."""

from __future__ import annotations

from peewee import (
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from klink.db.models.base import Base, MomentField
from klink.db.models.people import Workspace

BASE_DOMAIN_ID = 1
"""The domain row that stands for ``base_url``'s host, whatever it is today."""


class Domain(Base):
    """A host that serves short URLs; row 1, with host '', stands for ``base_url``'s."""

    id = BigAutoField()
    host = TextField(unique=True)
    workspace = ForeignKeyField(Workspace, null=True, on_delete="CASCADE")
    verified_at = MomentField(null=True)
    created_at = MomentField()

    class Meta:
        """Peewee's own settings."""

        table_name = "domains"


class Link(Base):
    """A short link. Its counters live in ``link_totals``."""

    id = BigAutoField()
    uid = TextField(unique=True)
    workspace = ForeignKeyField(Workspace, index=False)
    workspace_id: int
    created_by = BigIntegerField(null=True)
    created_via = TextField()
    domain = ForeignKeyField(Domain, index=False)
    domain_id: int
    slug = TextField()
    url = TextField()
    location = TextField()
    title = TextField(null=True)
    description = TextField(null=True)
    type = TextField()
    post_id = TextField(null=True)
    site_url = TextField(null=True)
    site_verified_at = MomentField(null=True)
    scheduled_deletion_at = MomentField(null=True)
    mode = TextField()
    default_label = TextField(null=True)
    winner_label = TextField(null=True)
    winner_at = MomentField(null=True)
    auto_winner = BooleanField()
    winner_threshold = IntegerField()
    run = IntegerField()
    utm_source = TextField(null=True)
    utm_medium = TextField(null=True)
    utm_campaign = TextField(null=True)
    utm_content = TextField(null=True)
    utm_term = TextField(null=True)
    forward_query = BooleanField()
    redirect_status = SmallIntegerField()
    conversion_tracking = BooleanField()
    starts_at = MomentField(null=True)
    expires_at = MomentField(null=True)
    max_clicks = BigIntegerField(null=True)
    expired_url = TextField(null=True)
    expired_location = TextField(null=True)
    password_hash = TextField(null=True)
    is_active = BooleanField()
    quarantined_at = MomentField(null=True)
    deleted_at = MomentField(null=True)
    version = IntegerField()
    created_at = MomentField()
    updated_at = MomentField()

    class Meta:
        """Peewee's own settings."""

        table_name = "links"
        indexes = (
            (("domain", "slug"), True),
            (("workspace", "id"), False),
            (("workspace", "updated_at", "id"), False),
            (("workspace", "slug"), False),
            (("workspace", "post_id"), False),
            (("workspace", "site_url"), False),
            (("expires_at",), False),
            (("deleted_at",), False),
        )


class LinkTag(Base):
    """A tag on a link."""

    link = ForeignKeyField(Link, index=False, on_delete="CASCADE")
    tag = TextField()
    workspace_id = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "link_tags"
        primary_key = CompositeKey("link", "tag")
        indexes = ((("workspace_id", "tag", "link"), False),)


class Variant(Base):
    """One of the destinations of a link that has several."""

    id = BigAutoField()
    uid = TextField(unique=True)
    link = ForeignKeyField(Link, index=False, on_delete="CASCADE")
    label = TextField()
    url = TextField()
    location = TextField()
    weight = IntegerField()
    position = IntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "variants"
        indexes = ((("link", "label"), True),)


class Rule(Base):
    """When these conditions hold, use that variant; the first that holds counts."""

    id = BigAutoField()
    link = ForeignKeyField(Link, index=False, on_delete="CASCADE")
    position = IntegerField()
    conditions = TextField()
    use = TextField()

    class Meta:
        """Peewee's own settings."""

        table_name = "rules"
        indexes = ((("link", "position"), True),)
