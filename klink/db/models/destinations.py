"""When the destinations of links are checked, and how that went."""

from __future__ import annotations

from peewee import BigIntegerField, CompositeKey, IntegerField, TextField

from klink.db.models.base import Base, MomentField

ONLY = 0
"""The ``variant_id`` of a link that has no variants."""


class DestinationCheck(Base):
    """The next and the last check of a destination: of a link, or of one of its variants.

    ``variant_id`` is :data:`ONLY` for a link without variants. ``host`` is the destination's,
    since a host is asked one thing at a time. ``next_at`` is null when the clock does not check
    it; ``checked_at`` is 1970 before the first check. ``failures`` counts the checks in a row
    that found it down; ``failing_since`` is when a problem was first met that is still there.
    Whether visitors are sent elsewhere is ``down_at`` of the link or variant.
    """

    link_id = BigIntegerField()
    variant_id = BigIntegerField()
    workspace_id = BigIntegerField()
    host = TextField()
    next_at = MomentField(null=True)
    checked_at = MomentField()
    status = IntegerField(null=True)
    final_host = TextField(null=True)
    problem = TextField(null=True)
    failing_since = MomentField(null=True)
    failures = IntegerField()

    class Meta:
        """Peewee's own settings."""

        table_name = "destination_checks"
        primary_key = CompositeKey("link_id", "variant_id")
        indexes = ((("next_at", "host"), False), (("checked_at", "host"), False))


DestinationCheck.add_index(
    DestinationCheck.index(
        DestinationCheck.workspace_id,
        DestinationCheck.link_id,
        name="destination_checks_problems",
        where=DestinationCheck.problem.is_null(False),
    )
)
