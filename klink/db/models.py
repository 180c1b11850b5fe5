"""The tables as Peewee models.

Names of columns that hold a time end in ``_at`` (or are ``at``): integer milliseconds
since 1970 UTC in the database, aware UTC datetimes on the models (``MomentField``);
the click tables, which only SQL touches, keep the bare integers. Migrations create the
tables; a test holds both equal on both engines.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from peewee import (
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    IntegerField,
    Model,
    SmallIntegerField,
    TextField,
)

from klink.db.connection import database

BASE_DOMAIN_ID = 1
"""The domain row that stands for ``base_url``'s host, whatever it is today."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


class MomentField(BigIntegerField):
    """An aware UTC datetime, stored as milliseconds since 1970."""

    def db_value(self, value: datetime | int | None) -> int | None:
        """Milliseconds for the database; integers pass, so that SQL may compare them."""
        return (value - _EPOCH) // _MS if isinstance(value, datetime) else value

    def python_value(self, value: int | None) -> datetime | None:
        """The aware datetime of ``value`` milliseconds."""
        return None if value is None else _EPOCH + value * _MS


class Base(Model):
    """Binds every model to the one database."""

    class Meta:
        """Peewee's own settings."""

        database = database
        legacy_table_names = False


class Meta(Base):
    """Facts about this database: its epoch, its schema version."""

    key = TextField(primary_key=True)
    value = TextField()


class Workspace(Base):
    """Who owns links; qklnk says team, Klook Up and Kliqs say account."""

    id = BigAutoField()
    uid = TextField(unique=True)
    public_id = TextField(unique=True)
    name = TextField(unique=True)
    plan = TextField(null=True)
    currency = TextField()
    created_at = MomentField()

    class Meta:
        """Peewee's own settings."""

        table_name = "workspaces"


class User(Base):
    """A person."""

    id = BigAutoField()
    uid = TextField(unique=True)
    email = TextField(unique=True)
    name = TextField(null=True)
    password_hash = TextField(null=True)
    is_active = BooleanField()
    created_at = MomentField()

    class Meta:
        """Peewee's own settings."""

        table_name = "users"


class Membership(Base):
    """What a user is in a workspace: owner, admin, editor or viewer."""

    user = ForeignKeyField(User, index=False, on_delete="CASCADE")
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    workspace_id: int
    role = TextField()
    created_at = MomentField()

    class Meta:
        """Peewee's own settings."""

        table_name = "memberships"
        primary_key = CompositeKey("user", "workspace")


class ApiKey(Base):
    """A key, of which only the SHA-256 is kept."""

    id = BigAutoField()
    uid = TextField(unique=True)
    workspace = ForeignKeyField(Workspace, on_delete="CASCADE")
    workspace_id: int
    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: int
    dialect = TextField()
    name = TextField()
    hint = TextField()
    hash = TextField(unique=True)
    scopes = TextField()
    plan = TextField(null=True)
    created_at = MomentField()
    last_used_at = MomentField(null=True)
    revoked_at = MomentField(null=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "api_keys"


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


class Click(Base):
    """One visit that the ledger has folded; no foreign keys, since it may outlive much."""

    id = BigAutoField()
    at = BigIntegerField()
    link_id = BigIntegerField()
    workspace_id = BigIntegerField()
    variant_id = BigIntegerField()
    run = IntegerField()
    kind = SmallIntegerField()
    reason = TextField()
    is_click = SmallIntegerField()
    is_view = SmallIntegerField()
    visitor = TextField()
    net = TextField()
    country = TextField()
    device = TextField()
    browser = TextField()
    os = TextField()
    language = TextField()
    referrer = TextField()
    utm = TextField(null=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "clicks"
        indexes = ((("link_id", "at", "id"), False),)


class LinkQuarter(Base):
    """Totals of a link per quarter of an hour (``at_s // 900``)."""

    link_id = BigIntegerField()
    quarter = BigIntegerField()
    clicks = BigIntegerField()
    views = BigIntegerField()
    bots = BigIntegerField()
    previews = BigIntegerField()
    prefetches = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "link_quarters"
        primary_key = CompositeKey("link_id", "quarter")


class WorkspaceQuarter(Base):
    """The same for a workspace; what a purged link gave stays in it."""

    workspace_id = BigIntegerField()
    quarter = BigIntegerField()
    clicks = BigIntegerField()
    views = BigIntegerField()
    bots = BigIntegerField()
    previews = BigIntegerField()
    prefetches = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "workspace_quarters"
        primary_key = CompositeKey("workspace_id", "quarter")


class LinkDay(Base):
    """A link's UTC day (``at_s // 86400``), by the values of one dimension.

    ``clicks`` are people forwarded, ``rest`` views by everyone else; ``uniques`` are kept
    for the dimensions total and variant only.
    """

    link_id = BigIntegerField()
    day = BigIntegerField()
    dim = SmallIntegerField()
    value = TextField()
    clicks = BigIntegerField()
    rest = BigIntegerField()
    uniques = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "link_days"
        primary_key = CompositeKey("link_id", "day", "dim", "value")


class WorkspaceDay(Base):
    """A workspace's UTC day, by the values of one dimension."""

    workspace_id = BigIntegerField()
    day = BigIntegerField()
    dim = SmallIntegerField()
    value = TextField()
    clicks = BigIntegerField()
    rest = BigIntegerField()
    uniques = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "workspace_days"
        primary_key = CompositeKey("workspace_id", "day", "dim", "value")


class DayVisitor(Base):
    """Who clicked on a UTC day, per link (scope 0), variant (1) or workspace (2)."""

    scope = SmallIntegerField()
    scope_id = BigIntegerField()
    day = BigIntegerField()
    visitor = TextField()

    class Meta:
        """Peewee's own settings."""

        table_name = "day_visitors"
        primary_key = CompositeKey("scope", "scope_id", "day", "visitor")


class LinkVisitor(Base):
    """Who ever clicked a link, with the UTC day of the first click that was folded."""

    link_id = BigIntegerField()
    visitor = TextField()
    day = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "link_visitors"
        primary_key = CompositeKey("link_id", "visitor")


class LinkTotal(Base):
    """A link's running totals of all time."""

    link_id = BigIntegerField(primary_key=True)
    clicks = BigIntegerField()
    views = BigIntegerField()
    uniques = BigIntegerField()
    rest = BigIntegerField()
    last_click_at = BigIntegerField(null=True)
    conversions = BigIntegerField()
    revenue = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "link_totals"


class VariantTotal(Base):
    """A variant's running totals of all time."""

    variant_id = BigIntegerField(primary_key=True)
    link_id = BigIntegerField(index=True)
    clicks = BigIntegerField()
    uniques = BigIntegerField()
    conversions = BigIntegerField()
    revenue = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "variant_totals"


class LinkUse(Base):
    """How many of its ``max_clicks`` a link has given out; exact, counted before the answer."""

    link_id = BigIntegerField(primary_key=True)
    used = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "link_uses"


class Purge(Base):
    """A link that was erased and whose clicks still wait to be deleted, in chunks."""

    link_id = BigIntegerField(primary_key=True)
    at = MomentField()

    class Meta:
        """Peewee's own settings."""

        table_name = "purges"


class JournalPosition(Base):
    """Up to where a journal stream is folded; moves in the transaction that folds."""

    stream = TextField(primary_key=True)
    segment = BigIntegerField()
    offset = BigIntegerField()
    updated_at = MomentField()

    class Meta:
        """Peewee's own settings."""

        table_name = "journal_positions"


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
    """API calls counted in one window of one key or workspace."""

    scope = TextField()
    window = TextField()
    start = BigIntegerField()
    count = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "usage"
        primary_key = CompositeKey("scope", "window", "start")


class Audit(Base):
    """Who did what, when."""

    id = BigAutoField()
    at = MomentField()
    workspace_id = BigIntegerField(null=True)
    user_id = BigIntegerField(null=True)
    key_id = BigIntegerField(null=True)
    action = TextField()
    subject = TextField()
    details = TextField()

    class Meta:
        """Peewee's own settings."""

        table_name = "audit"
        indexes = ((("workspace_id", "id"), False), (("subject", "id"), False))


MODELS: tuple[type[Base], ...] = (
    Meta,
    Workspace,
    User,
    Membership,
    ApiKey,
    Domain,
    Link,
    LinkTag,
    Variant,
    Rule,
    Click,
    LinkQuarter,
    WorkspaceQuarter,
    LinkDay,
    WorkspaceDay,
    DayVisitor,
    LinkVisitor,
    LinkTotal,
    VariantTotal,
    LinkUse,
    Purge,
    JournalPosition,
    Change,
    Idempotent,
    Usage,
    Audit,
)
