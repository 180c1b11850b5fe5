"""What guards links: passes that were used, and guesses of passwords."""

from __future__ import annotations

from peewee import IntegerField, TextField

from klink.db.models.base import Base, MomentField


class UsedPass(Base):
    """A pass that was taken, kept for as long as somebody might try it again."""

    id = TextField(primary_key=True)
    expires_at = MomentField(index=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "used_passes"


class Guess(Base):
    """How often somebody has guessed lately; ``who`` is a keyed hash, never an address.

    ``at`` is the time of the last guess that was let through.
    """

    who = TextField(primary_key=True)
    tries = IntegerField()
    at = MomentField(index=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "guesses"
