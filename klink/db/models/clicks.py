"""Clicks and everything counted from them.

No foreign keys: a count may outlive its link, and folding must not pay for checks. Only
SQL in :mod:`klink.db.fold` writes these; their times are bare integers.
"""

from __future__ import annotations

from peewee import (
    BigAutoField,
    BigIntegerField,
    CompositeKey,
    IntegerField,
    SmallIntegerField,
    TextField,
)

from klink.db.models.base import Base, MomentField


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


class WorkspaceFortnight(Base):
    """The sum of a workspace's days of a fortnight (``klink.db.fortnights``), likewise."""

    workspace_id = BigIntegerField()
    dim = SmallIntegerField()
    fortnight = BigIntegerField()
    value = TextField()
    clicks = BigIntegerField()
    rest = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "workspace_fortnights"
        primary_key = CompositeKey("workspace_id", "dim", "fortnight", "value")


class LinkVisitor(Base):
    """Who ever clicked a link, with the UTC day and the variant of the first click folded.

    ``variant_id`` is 0 when it was forwarded to none that the link had.
    """

    link_id = BigIntegerField()
    visitor = TextField()
    day = BigIntegerField()
    variant_id = BigIntegerField(default=0)

    class Meta:
        """Peewee's own settings."""

        table_name = "link_visitors"
        primary_key = CompositeKey("link_id", "visitor")


class DayVisitor(Base):
    """Who clicked a link on a UTC day, as far as ``link_visitors`` does not say it.

    A row with variant 0 for another day than that of the first click, and one for every
    variant and day but those of the first click.
    """

    day = BigIntegerField()
    link_id = BigIntegerField()
    visitor = TextField()
    variant_id = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "day_visitors"
        primary_key = CompositeKey("day", "link_id", "visitor", "variant_id")


class WorkspaceVisitor(Base):
    """Who clicked on a UTC day in a workspace, whatever became of the links."""

    day = BigIntegerField()
    workspace_id = BigIntegerField()
    visitor = TextField()

    class Meta:
        """Peewee's own settings."""

        table_name = "workspace_visitors"
        primary_key = CompositeKey("day", "workspace_id", "visitor")


class LinkTotal(Base):
    """A link's running totals of all time; every link has a row, from the day it is made.

    ``workspace_id`` is the link's, so that a workspace's links can be had by their clicks.
    The UTC days before ``summed_to_day`` are added up in ``link_value_totals``;
    ``summed_visits`` are the clicks and rest that there were when that was done last.
    ``imported`` of the clicks, and as many of the views, the link had before it came here: no
    row of clicks, quarter hours or days stands for them.
    """

    link_id = BigIntegerField(primary_key=True)
    clicks = BigIntegerField()
    views = BigIntegerField()
    uniques = BigIntegerField()
    rest = BigIntegerField()
    last_click_at = BigIntegerField(null=True)
    conversions = BigIntegerField()
    revenue = BigIntegerField()
    workspace_id = BigIntegerField(default=0)
    summed_to_day = BigIntegerField(default=0)
    summed_visits = BigIntegerField(default=0)
    imported = BigIntegerField(default=0)

    class Meta:
        """Peewee's own settings."""

        table_name = "link_totals"


LinkTotal.add_index(LinkTotal.workspace_id, LinkTotal.clicks.desc(), LinkTotal.link_id)
LinkTotal.add_index(
    LinkTotal.index(
        LinkTotal.workspace_id,
        LinkTotal.imported,
        name="link_totals_imported",
        where=LinkTotal.imported > 0,
    )
)


class LinkValueTotal(Base):
    """The sum of a link's days before its ``summed_to_day``, by the values of one dimension.

    The sums of the columns of ``link_days``, row by row.
    """

    link_id = BigIntegerField()
    dim = SmallIntegerField()
    value = TextField()
    clicks = BigIntegerField()
    rest = BigIntegerField()
    uniques = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "link_value_totals"
        primary_key = CompositeKey("link_id", "dim", "value")


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


class VisitorClick(Base):
    """A click that an event may be attributed to, as long as ``attribution_window`` lasts.

    Of people with a visitor's id: on links that track conversions or have several variants,
    and on any link by who came with an id already.
    """

    visitor = TextField()
    workspace_id = BigIntegerField()
    at = BigIntegerField(index=True)
    link_id = BigIntegerField()
    variant_id = BigIntegerField()
    run = IntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "visitor_clicks"
        primary_key = CompositeKey("visitor", "workspace_id", "at", "link_id")
        indexes = ((("link_id", "at"), False),)


class Exposure(Base):
    """The variant that the weights chose for a visitor of a link, in a run of its experiment.

    ``at`` is the first such click. ``converted`` says whether an event since then counts as a
    conversion and is attributed to the visitor at this link and run; ``revenue`` is what all
    such events brought, in the workspace's currency. Only events write these two.
    """

    link_id = BigIntegerField()
    run = IntegerField()
    visitor = TextField()
    variant_id = BigIntegerField()
    at = BigIntegerField()
    converted = SmallIntegerField()
    revenue = BigIntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "exposures"
        primary_key = CompositeKey("link_id", "run", "visitor")


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
    """Up to where a journal stream is folded; moves in the transaction that folds.

    Of the records from ``offset`` to ``end_offset``, those of links with an id smaller than
    ``done_to_link`` are folded too; ``end_offset`` 0: there are none such.
    """

    stream = TextField(primary_key=True)
    segment = BigIntegerField()
    offset = BigIntegerField()
    updated_at = MomentField()
    end_offset = BigIntegerField(default=0)
    done_to_link = BigIntegerField(default=0)

    class Meta:
        """Peewee's own settings."""

        table_name = "journal_positions"
