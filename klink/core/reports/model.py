"""What goes into the core about reports, and what comes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from klink.core.context import Context
from klink.core.links.views import hosts_of
from klink.db.models import Link, Report

REASONS = ("phishing", "malware", "spam", "illegal", "other")
STATES = ("open", "dismissed", "acted")
WORKSPACE, OPERATOR = "workspace", "operator"
"""Who closed a report. One that a workspace closed stays open to the server's operator: the link
may be that workspace's own."""

MAX_TEXT = 1000
MAX_EMAIL = 254


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """What a visitor says of a link. Who the visitor is, nobody keeps.

    :param link: the short URL as it was typed: with or without scheme, or a slug alone.
    :param email: only for the server's operator, so that he can ask.
    """

    link: str
    reason: str
    text: str = ""
    email: str | None = None


@dataclass(frozen=True, slots=True)
class ReportView:
    """A report as doors show it.

    :ivar email: to be shown to the operator and to nobody else: the link may be its reader's.
    :ivar count: how often it came; ``reported_at`` when last.
    :ivar closed_by: ``workspace`` or ``operator``.
    """

    id: int
    workspace_id: int
    link_uid: str
    link_slug: str
    link_short_url: str
    link_url: str
    is_quarantined: bool
    at: datetime
    reported_at: datetime
    reason: str
    text: str
    email: str | None
    count: int
    state: str
    closed_at: datetime | None
    closed_by: str | None


@dataclass(frozen=True, slots=True)
class ReportPage:
    """One page of reports and where the next begins, if there is one."""

    items: list[ReportView]
    next_cursor: str | None


def views(ctx: Context, found: Sequence[Report]) -> list[ReportView]:
    """The records as views."""
    links = {row.id: row for row in Link.select().where(Link.id.in_([r.link_id for r in found]))}
    hosts = hosts_of({row.domain_id for row in links.values()})
    settings = ctx.settings
    made = []
    for row in found:
        link = links[row.link_id]
        host = hosts.get(link.domain_id, settings.base_host)
        made.append(
            ReportView(
                id=row.id,
                workspace_id=row.workspace_id,
                link_uid=link.uid,
                link_slug=link.slug,
                link_short_url=f"{settings.base_scheme}://{host}/{link.slug}",
                link_url=link.url,
                is_quarantined=link.quarantined_at is not None,
                at=row.at,
                reported_at=row.reported_at,
                reason=row.reason,
                text=row.text,
                email=row.email,
                count=row.count,
                state=row.state,
                closed_at=row.closed_at,
                closed_by=row.closed_by,
            )
        )
    return made
