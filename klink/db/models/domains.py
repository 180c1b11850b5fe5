"""Hosts that serve short URLs, and who claims which."""

from __future__ import annotations

from peewee import SQL, BigAutoField, BooleanField, ForeignKeyField, IntegerField, TextField

from klink.db.models.base import Base, MomentField
from klink.db.models.people import Workspace

BASE_DOMAIN_ID = 1
"""The domain row that stands for ``base_url``'s host, whatever it is today."""


class Domain(Base):
    """A host that serves short URLs; row 1, with host '', stands for ``base_url``'s.

    ``is_default``: its workspace's new links go here when they name no domain.
    """

    id = BigAutoField()
    host = TextField(unique=True)
    workspace = ForeignKeyField(Workspace, null=True, on_delete="CASCADE")
    workspace_id: int | None
    verified_at = MomentField(null=True)
    created_at = MomentField()
    root_url = TextField(null=True)  # from here on, where migration 11 adds them
    not_found_url = TextField(null=True)
    is_default = BooleanField(constraints=[SQL("DEFAULT FALSE")])  # migration 1 adds a row

    class Meta:
        """Peewee's own settings."""

        table_name = "domains"


Domain.add_index(
    Domain.index(Domain.workspace, unique=True, name="domains_default", where=SQL("is_default"))
)


class DomainClaim(Base):
    """A workspace's claim to a host, which may be another's; it stays when it is proved.

    ``verified_by`` is null until then, and ``next_check_at`` when nothing is to be checked.
    ``findings`` is JSON: what the last check found. ``tries`` counts checks since the claim or
    its last proof. ``failing_since``: the proof of a verified domain is not there any more.
    """

    id = BigAutoField()
    workspace = ForeignKeyField(Workspace, index=False, on_delete="CASCADE")
    workspace_id: int
    host = TextField(index=True)
    token = TextField()
    created_at = MomentField()
    verified_by = TextField(null=True)
    checked_at = MomentField(null=True)
    findings = TextField(null=True)
    tries = IntegerField()
    next_check_at = MomentField(null=True)
    failing_since = MomentField(null=True)

    class Meta:
        """Peewee's own settings."""

        table_name = "domain_claims"
        indexes = ((("workspace", "host"), True),)


DomainClaim.add_index(
    DomainClaim.index(
        DomainClaim.next_check_at,
        name="domain_claims_next_check_at",
        where=DomainClaim.next_check_at.is_null(False),
    )
)
