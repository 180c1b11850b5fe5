"""Links and what belongs to each: tags, variants, rules."""

from __future__ import annotations

from peewee import (
    SQL,
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    Field,
    ForeignKeyField,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from klink.db.models.base import Base, MomentField
from klink.db.models.domains import Domain
from klink.db.models.people import Workspace


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
    conversion_redirect_url = TextField(null=True)  # last, where migration 5 adds it
    failover_url = TextField(null=True)  # where migration 10 adds it, with the next two
    failover_location = TextField(null=True)
    down_at = MomentField(null=True)
    quarantined_by = TextField(null=True)  # where migration 12 adds it, with the next
    quarantine_reason = TextField(null=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "links"
        indexes = (
            (("domain", "slug"), True),  # the others, of a part of the links each, follow below
        )


def _index(name: str, *columns: Field, where: object) -> None:
    """An index of those links for which ``where`` holds."""
    Link.add_index(Link.index(*columns, name=f"links_{name}", where=where))


_is_living = Link.deleted_at.is_null()
_index("workspace_id_id", Link.workspace, Link.id, where=_is_living)
_index("workspace_id_updated_at_id", Link.workspace, Link.updated_at, Link.id, where=_is_living)
_index("workspace_id_slug_id", Link.workspace, Link.slug, Link.id, where=_is_living)
_index("trashed", Link.workspace, Link.id, where=Link.deleted_at.is_null(False))
_index("inactive", Link.workspace, Link.id, where=_is_living & SQL("NOT is_active"))
_index(
    "expiring",
    Link.workspace,
    Link.expires_at,
    Link.is_active,
    where=_is_living & Link.expires_at.is_null(False),
)
_index("quarantined", Link.workspace, Link.id, where=Link.quarantined_at.is_null(False))
_index("workspace_id_post_id", Link.workspace, Link.post_id, where=Link.post_id.is_null(False))
_index("workspace_id_site_url", Link.workspace, Link.site_url, where=Link.site_url.is_null(False))
_index("expires_at", Link.expires_at, where=Link.expires_at.is_null(False))
_index("deleted_at", Link.deleted_at, where=Link.deleted_at.is_null(False))


_index(
    "to_judge",
    Link.id,
    where=SQL("auto_winner") & Link.winner_label.is_null() & _is_living,
)


class ExperimentRun(Base):
    """A run of a link's experiment that has ended.

    ``clicks`` are the link's of all time by then; ``variants`` is JSON, a list of
    [id, label, weight].
    """

    link_id = BigIntegerField()
    run = IntegerField()
    ended_at = MomentField()
    clicks = BigIntegerField()
    variants = TextField()
    winner = TextField(null=True)
    winner_at = MomentField(null=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "experiment_runs"
        primary_key = CompositeKey("link_id", "run")


class LinkVersion(Base):
    """What a link was from one of its changes on, and whose change that was.

    ``version`` is the link's after the change; ``snapshot`` is JSON, an object of what can be
    changed, without what has its usual value.
    """

    link_id = BigIntegerField()
    version = IntegerField()
    at = MomentField()
    user_id = BigIntegerField(null=True)
    key_id = BigIntegerField(null=True)
    door = TextField()
    action = TextField()
    restored = IntegerField(null=True)
    snapshot = TextField()

    class Meta:
        """Peewee's own settings."""

        table_name = "link_versions"
        primary_key = CompositeKey("link_id", "version")


class WorkspaceLinks(Base):
    """How many links a workspace has outside the trash, and how many of those are active.

    ``enabled`` counts what ``is_active`` says; an expiry has no say in it.
    """

    workspace_id = BigIntegerField(primary_key=True)
    living = BigIntegerField()
    enabled = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "workspace_links"


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
    down_at = MomentField(null=True)  # last, where migration 10 adds it

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
