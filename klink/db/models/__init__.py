"""The tables as Peewee models.

Names of columns that hold a time end in ``_at`` (or are ``at``): integer milliseconds
since 1970 UTC in the database, aware UTC datetimes on the models (``MomentField``);
the click tables, which only SQL touches, keep the bare integers. Migrations create the
tables; a test holds both equal on both engines.
"""

from __future__ import annotations

from klink.db.models.abuse import BlockingEntry, Report
from klink.db.models.base import Base, MomentField
from klink.db.models.bio import BioLink, BioPage, BioPicture
from klink.db.models.clicks import (
    Click,
    DayVisitor,
    Exposure,
    JournalPosition,
    LinkDay,
    LinkQuarter,
    LinkTotal,
    LinkUse,
    LinkValueTotal,
    LinkVisitor,
    Purge,
    VariantTotal,
    VisitorClick,
    WorkspaceDay,
    WorkspaceFortnight,
    WorkspaceQuarter,
    WorkspaceVisitor,
)
from klink.db.models.destinations import ONLY, DestinationCheck
from klink.db.models.domains import BASE_DOMAIN_ID, Domain, DomainClaim
from klink.db.models.events import AnonymousLink, Event
from klink.db.models.guards import Guess, UsedPass
from klink.db.models.links import (
    ExperimentRun,
    Link,
    LinkTag,
    LinkVersion,
    Rule,
    Variant,
    WorkspaceLinks,
)
from klink.db.models.people import ApiKey, Invite, Membership, User, Workspace
from klink.db.models.records import Audit, Change, Idempotent, Meta, Usage
from klink.db.models.sessions import Session
from klink.db.models.sites import SiteCheck

MODELS: tuple[type[Base], ...] = (
    Meta,
    Workspace,
    User,
    Membership,
    ApiKey,
    Session,
    Invite,
    Domain,
    DomainClaim,
    Link,
    WorkspaceLinks,
    LinkTag,
    Variant,
    Rule,
    ExperimentRun,
    LinkVersion,
    SiteCheck,
    DestinationCheck,
    Click,
    LinkQuarter,
    WorkspaceQuarter,
    LinkDay,
    WorkspaceDay,
    WorkspaceFortnight,
    LinkVisitor,
    DayVisitor,
    WorkspaceVisitor,
    LinkTotal,
    LinkValueTotal,
    VariantTotal,
    VisitorClick,
    Exposure,
    LinkUse,
    Purge,
    JournalPosition,
    Event,
    AnonymousLink,
    UsedPass,
    Guess,
    BlockingEntry,
    Report,
    BioPage,
    BioPicture,
    BioLink,
    Change,
    Idempotent,
    Usage,
    Audit,
)

__all__ = [
    "BASE_DOMAIN_ID",
    "MODELS",
    "ONLY",
    "AnonymousLink",
    "ApiKey",
    "Audit",
    "Base",
    "BioLink",
    "BioPage",
    "BioPicture",
    "BlockingEntry",
    "Change",
    "Click",
    "DayVisitor",
    "DestinationCheck",
    "Domain",
    "DomainClaim",
    "Event",
    "ExperimentRun",
    "Exposure",
    "Guess",
    "Idempotent",
    "Invite",
    "JournalPosition",
    "Link",
    "LinkDay",
    "LinkQuarter",
    "LinkTag",
    "LinkTotal",
    "LinkUse",
    "LinkValueTotal",
    "LinkVersion",
    "LinkVisitor",
    "Membership",
    "Meta",
    "MomentField",
    "Purge",
    "Report",
    "Rule",
    "Session",
    "SiteCheck",
    "Usage",
    "UsedPass",
    "User",
    "Variant",
    "VariantTotal",
    "VisitorClick",
    "Workspace",
    "WorkspaceDay",
    "WorkspaceFortnight",
    "WorkspaceLinks",
    "WorkspaceQuarter",
    "WorkspaceVisitor",
]
