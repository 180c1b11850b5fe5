"""Who there is: workspaces, users, what they are in which workspace, their keys, who is invited."""

from __future__ import annotations

from peewee import (
    BigAutoField,
    BigIntegerField,
    BooleanField,
    CompositeKey,
    ForeignKeyField,
    TextField,
)

from klink.db.models.base import Base, MomentField


class Workspace(Base):
    """Who owns links; qklnk says team, Klook Up and Kliqs say account.

    ``conversion_names`` is a JSON array of texts; null: those of the configuration. Its UTC days
    before ``summed_to_day`` are added up in ``workspace_fortnights``.
    """

    id = BigAutoField()
    uid = TextField(unique=True)
    public_id = TextField(unique=True)
    name = TextField(unique=True)
    plan = TextField(null=True)
    currency = TextField()
    created_at = MomentField()
    conversion_names = TextField(null=True)  # after the others, where migrations 6 and 20 add them
    summed_to_day = BigIntegerField(default=0)

    class Meta:
        """Peewee's own settings."""

        table_name = "workspaces"


class User(Base):
    """A person.

    ``totp_since``: since when signing in takes a code, too; its secret follows from ``totp_nonce``
    and the server's. ``totp_step`` is the number of the last 30 s whose code was used.
    ``recovery`` is a JSON array of keyed hashes: codes that may stand in for it once.
    """

    id = BigAutoField()
    uid = TextField(unique=True)
    email = TextField(unique=True)
    name = TextField(null=True)
    password_hash = TextField(null=True)
    is_active = BooleanField()
    created_at = MomentField()
    totp_nonce = TextField(null=True)  # from here on, where migration 14 adds them
    totp_since = MomentField(null=True)
    totp_step = BigIntegerField(null=True)
    recovery = TextField(null=True)

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


class Invite(Base):
    """A link by which somebody may join a workspace, of which only the SHA-256 is kept."""

    id = BigAutoField()
    uid = TextField(unique=True)
    hash = TextField(unique=True)
    email = TextField()
    workspace = ForeignKeyField(Workspace, index=False, on_delete="CASCADE")
    workspace_id: int
    role = TextField()
    created_by = BigIntegerField(null=True)
    created_at = MomentField()
    expires_at = MomentField()
    used_at = MomentField(null=True)
    revoked_at = MomentField(null=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "invites"
        indexes = ((("workspace", "email"), False),)
