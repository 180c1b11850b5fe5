"""Who is signed in at the admin page."""

from __future__ import annotations

from peewee import BigAutoField, BigIntegerField, ForeignKeyField, TextField

from klink.db.models.base import Base, MomentField
from klink.db.models.people import User


class Session(Base):
    """A browser that somebody is signed in with; of its token only the SHA-256 is kept.

    ``workspace_id`` is the one that is looked at; ``net`` the truncated address and ``agent``
    the browser, in words, that were seen at sign-in.
    """

    id = BigAutoField()
    hash = TextField(unique=True)
    user = ForeignKeyField(User, on_delete="CASCADE")
    user_id: int
    workspace_id = BigIntegerField()
    created_at = MomentField()
    seen_at = MomentField(index=True)
    net = TextField()
    agent = TextField()

    class Meta:
        """Peewee's own settings."""

        table_name = "sessions"
