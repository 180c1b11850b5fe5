"""The domains of a workspace, as they are kept."""

from __future__ import annotations

import json
from collections.abc import Iterable

from klink.core import workspaces
from klink.core.context import Context, Settings
from klink.core.dns_names import ascii_name
from klink.core.domains.model import (
    DomainPage,
    DomainView,
    Finding,
    State,
    Ways,
)
from klink.core.domains.names import is_base_host
from klink.core.errors import Conflict, NotFound, ValidationFailed
from klink.core.paging import MAX_LIMIT
from klink.core.principal import Principal
from klink.core.urls import parse
from klink.db import rows
from klink.db.connection import read
from klink.db.models import BASE_DOMAIN_ID, Domain, DomainClaim

__all__ = [
    "all_of_them",
    "claim_of",
    "find",
    "find_all",
    "get",
    "is_served",
    "served",
    "unknown",
    "ways",
    "workspace_of",
]

_FIRST = "-"  # the cursor before every name: a page of one holds base_url's host alone

_HOSTS = """
    SELECT host FROM domain_claims WHERE workspace_id = ? AND host > ?
    UNION SELECT host FROM domains WHERE workspace_id = ? AND host > ?
    ORDER BY host LIMIT ?
"""


def find_all(
    ctx: Context, who: Principal, *, cursor: str | None = None, limit: int = MAX_LIMIT
) -> DomainPage:
    """A workspace's domains: ``base_url``'s host first, then its own by their names.

    :raises InsufficientScope: the key may not read.
    :raises ValidationFailed: on ``cursor`` or ``limit``.
    """
    who.need("read")
    if not 1 <= limit <= MAX_LIMIT:
        raise ValidationFailed({"limit": [f"must be 1 to {MAX_LIMIT}"]})
    if cursor not in (None, _FIRST) and ascii_name(cursor or "") != cursor:
        raise ValidationFailed({"cursor": ["is not a cursor of this list; start without one"]})
    workspace_id, after = who.workspace_id, cursor or ""
    with read():
        room = limit if cursor is not None else limit - 1
        asked = (workspace_id, after, workspace_id, after, room + 1)
        hosts = [host for (host,) in rows.all_of(_HOSTS, *asked)]
        found = _views(workspace_id, hosts[:room])
        if cursor is None:
            found = [base(ctx, workspace_id), *found]
    if len(hosts) <= room:
        return DomainPage(found, None)
    return DomainPage(found, hosts[room - 1] if room else _FIRST)


def get(ctx: Context, who: Principal, host: str) -> DomainView:
    """One domain of a workspace; ``base_url``'s host is one of every workspace.

    :raises InsufficientScope: the key may not read.
    :raises NotFound: the workspace has none of this name.
    """
    who.need("read")
    with read():
        return find(ctx, who.workspace_id, host)


def find(ctx: Context, workspace_id: int, host: str) -> DomainView:
    """The same, for whoever may know.

    :raises NotFound: the workspace has none of this name.
    """
    if is_base_host(ctx.settings, host):
        return base(ctx, workspace_id)
    name = ascii_name(host)
    found = _views(workspace_id, [name] if name else [])
    if not found:
        raise unknown(host)
    return found[0]


def claim_of(workspace_id: int, host: str) -> DomainClaim | None:
    """The record of a workspace's claim."""
    found: DomainClaim | None = DomainClaim.get_or_none(
        DomainClaim.workspace == workspace_id, DomainClaim.host == ascii_name(host)
    )
    return found


def unknown(host: str) -> NotFound:
    """The refusal for a host that a workspace has no claim to."""
    return NotFound(f"domain {host[:100]!r} in this workspace")


def all_of_them(ctx: Context) -> list[DomainView]:
    """``base_url``'s host, as the first workspace has it, then every workspace's by their names."""
    with read():
        claims = rows.all_of("SELECT workspace_id, host FROM domain_claims")
        domains = rows.all_of(
            "SELECT workspace_id, host FROM domains WHERE id <> ?", BASE_DOMAIN_ID
        )
        by_workspace: dict[int, set[str]] = {}
        for workspace_id, host in [*claims, *domains]:
            by_workspace.setdefault(workspace_id, set()).add(host)
        found = [view for each, hosts in by_workspace.items() for view in _views(each, hosts)]
        first = base(ctx, workspaces.find(None).id)
    return [first, *sorted(found, key=lambda view: (view.host, view.created_at))]


def workspace_of(host: str) -> int:
    """Whose a host is: who has verified it, else who alone claims it.

    :raises NotFound: nobody's.
    :raises Conflict: several workspaces claim it.
    """
    name = ascii_name(host)
    with read():
        domain = Domain.get_or_none(Domain.host == name, Domain.verified_at.is_null(False))
        if domain is not None and domain.workspace_id is not None:
            return int(domain.workspace_id)
        claims = list(DomainClaim.select().where(DomainClaim.host == name))
    if not claims:
        raise NotFound(f"domain {host[:100]!r}")
    if len(claims) > 1:
        raise Conflict(f"{len(claims)} workspaces claim {name}; say which one with --workspace")
    return int(claims[0].workspace_id)


def is_served(settings: Settings, host: str) -> bool:
    """Whether a host serves links here: ``base_url``'s does, and who is verified."""
    if is_base_host(settings, host):
        return True
    name = ascii_name(host)
    with read():
        found = Domain.select().where(Domain.host == name, Domain.verified_at.is_null(False))
        return name is not None and bool(found.exists())


def served(settings: Settings) -> list[tuple[int, str]]:
    """Every domain that serves links, as its number and its host as links show it.

    ``base_url``'s first, the others by their names.
    """
    sql = """
        SELECT id, host FROM domains WHERE id <> ? AND verified_at IS NOT NULL ORDER BY host
    """
    with read():
        return [(BASE_DOMAIN_ID, settings.base_host), *rows.all_of(sql, BASE_DOMAIN_ID)]


def ways(domain_id: int) -> Ways:
    """Where a domain sends those who ask for no link of it.

    :raises DatabaseBusy: when the database cannot be read now.
    """
    with read():
        row = rows.one("SELECT root_url, not_found_url FROM domains WHERE id = ?", domain_id)
    return Ways() if row is None else Ways(*(parse(url).location if url else "" for url in row))


def base(ctx: Context, workspace_id: int) -> DomainView:
    """``base_url``'s host, as a workspace has it."""
    row = Domain.get_by_id(BASE_DOMAIN_ID)
    others = Domain.select().where(Domain.workspace == workspace_id, Domain.is_default)
    return DomainView(
        host=ctx.settings.base_host,
        workspace_id=workspace_id,
        is_base=True,
        state="verified",
        is_default=not others.exists(),
        root_url=row.root_url,
        not_found_url=row.not_found_url,
        created_at=row.created_at,
    )


def _views(workspace_id: int, hosts: Iterable[str]) -> list[DomainView]:
    """The workspace's domains of these names, by their names."""
    asked = list(hosts)
    claims = {
        row.host: row
        for row in DomainClaim.select().where(
            DomainClaim.workspace == workspace_id, DomainClaim.host.in_(asked)
        )
    }
    domains = {
        row.host: row
        for row in Domain.select().where(
            Domain.workspace == workspace_id,
            Domain.host.in_(asked),
            Domain.verified_at.is_null(False),
        )
    }
    known = sorted(claims.keys() | domains.keys())
    return [_view(workspace_id, host, claims.get(host), domains.get(host)) for host in known]


def _view(
    workspace_id: int, host: str, claim: DomainClaim | None, domain: Domain | None
) -> DomainView:
    """One domain: of a claim that is not proved there is no other record."""
    state: State = "pending"
    if domain is not None:
        state = "failing" if claim is not None and claim.failing_since else "verified"
    first = claim or domain
    assert first is not None  # it comes from either
    return DomainView(
        host=host,
        workspace_id=workspace_id,
        is_base=False,
        state=state,
        is_default=domain is not None and bool(domain.is_default),
        root_url=domain.root_url if domain else None,
        not_found_url=domain.not_found_url if domain else None,
        created_at=first.created_at,
        token=claim.token if claim else None,
        verified_at=domain.verified_at if domain else None,
        verified_by=claim.verified_by if claim else None,
        failing_since=claim.failing_since if claim else None,
        checked_at=claim.checked_at if claim else None,
        findings=_findings(claim.findings if claim else None),
        next_check_at=claim.next_check_at if claim else None,
    )


def _findings(text: str | None) -> tuple[Finding, ...]:
    return tuple(Finding(*each) for each in json.loads(text)) if text else ()
