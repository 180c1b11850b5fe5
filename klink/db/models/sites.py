"""When the pages that links stand on are looked at."""

from __future__ import annotations

from peewee import BigIntegerField, IntegerField, TextField

from klink.db.models.base import Base, MomentField


class SiteCheck(Base):
    """The next and the last look at a link's ``site_url``: a row for each link that has one.

    No row for a link in the trash. ``host`` is the page's, since a host is asked one thing at a
    time; ``last_at`` is 1970 before the first look; ``failures`` counts the looks in a row that
    proved nothing; ``outcome`` is in words what the last one found.
    """

    link_id = BigIntegerField(primary_key=True)
    host = TextField()
    next_at = MomentField(index=True)
    last_at = MomentField(index=True)
    failures = IntegerField()
    outcome = TextField(null=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "site_checks"
