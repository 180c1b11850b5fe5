"""What follows from looking for a proof, whoever looked: a person now, or the job by the clock."""

from __future__ import annotations

import json
import logging
from collections.abc import Collection, Sequence
from dataclasses import astuple
from datetime import datetime, timedelta
from typing import NamedTuple

from klink.core import audit, changes
from klink.core.context import Changed, Context
from klink.core.domains.model import BY_ADMIN, Finding
from klink.core.principal import Principal
from klink.db.connection import lock, read, write
from klink.db.models import Domain, DomainClaim

__all__ = ["LOCK", "DueClaim", "conclude", "conclude_by_clock", "every_claim", "next_due", "settle"]

log = logging.getLogger(__name__)

LOCK = "klink:domains"
"""Held by whoever gives a host to a workspace, or takes it away."""

_DAILY = timedelta(days=1)
_SOON = timedelta(hours=1)  # when nobody could say
_MOST_DOUBLINGS = 11  # of a minute; then it is more than a day


class DueClaim(NamedTuple):
    """A claim to be checked."""

    number: int
    host: str
    token: str


def next_due(ctx: Context, busy: Collection[str]) -> DueClaim | None:
    """The claim whose time has come, the one that has waited longest; None when there is none.

    :param busy: hosts that are being asked.
    """
    is_due = DomainClaim.next_check_at <= ctx.now
    if busy:
        is_due &= DomainClaim.host.not_in(list(busy))
    with read():
        waiting = DomainClaim.select().where(is_due)
        row = waiting.order_by(DomainClaim.next_check_at, DomainClaim.id).first()
    return None if row is None else DueClaim(row.id, row.host, row.token)


def every_claim() -> list[DueClaim]:
    """All claims that may have a proof, due or not."""
    with read():
        found = DomainClaim.select().where(DomainClaim.next_check_at.is_null(False))
        return [DueClaim(row.id, row.host, row.token) for row in found.order_by(DomainClaim.id)]


def conclude_by_clock(ctx: Context, claim_id: int, findings: Sequence[Finding]) -> bool:
    """Write down what the job has found; whether that changed how the host stands."""
    with write():
        lock(LOCK)
        return conclude(ctx, None, claim_id, findings) is True


def conclude(
    ctx: Context, who: Principal | None, claim_id: int, findings: Sequence[Finding]
) -> bool | None:
    """Draw the conclusions of a check, in the current unit of work and with the lock held.

    A proof makes a claim a domain, unless another workspace has it. One that has gone from a
    verified domain takes nothing away, since its links would end: it is marked and told of.

    :returns: whether that changed how the host stands; None when the claim has gone meanwhile.
    """
    claim = DomainClaim.get_or_none(DomainClaim.id == claim_id)
    if claim is None:
        return None
    found = next((each for each in findings if each.outcome == "found"), None)
    claim.checked_at = ctx.now
    claim.findings = json.dumps([astuple(each) for each in findings])
    claim.tries += 1
    claim.next_check_at = _next_check(ctx.now, claim, findings)
    claim.save()
    if claim.verified_by is None:
        if found is None:
            return False
        if Domain.select().where(Domain.host == claim.host).exists():
            claim.next_check_at = None  # until whoever has it lets go of it
            claim.save()
            return False
        settle(ctx, who, claim, found.method)
        return True
    return _proof_stands(ctx, who, claim, found, findings)


def settle(ctx: Context, who: Principal | None, claim: DomainClaim, verified_by: str) -> None:
    """Make a claimed host, which nobody has, a domain of its workspace."""
    row = Domain.create(
        host=claim.host,
        workspace=claim.workspace_id,
        verified_at=ctx.now,
        created_at=ctx.now,
        is_default=False,
    )
    claim.verified_by = verified_by
    claim.tries = 0
    claim.next_check_at = None if verified_by == BY_ADMIN else ctx.now + _DAILY
    claim.save()
    others = (DomainClaim.host == claim.host) & (DomainClaim.id != claim.id)
    DomainClaim.update(next_check_at=None).where(others).execute()
    _tell(ctx, who, claim, "domain.verify", {"by": verified_by})
    changes.record(ctx, Changed("domain", domain_id=row.id))


def _next_check(now: datetime, claim: DomainClaim, findings: Sequence[Finding]) -> datetime | None:
    """When to look again: of a new claim soon and then ever later, of a domain every day."""
    if claim.verified_by is None:
        doublings = min(int(claim.tries), _MOST_DOUBLINGS)
        return now + min(_DAILY, timedelta(minutes=1 << doublings))
    outcomes = {each.outcome for each in findings}
    if claim.verified_by == BY_ADMIN and "found" not in outcomes:
        return None
    return now + (_SOON if "unknown" in outcomes and "found" not in outcomes else _DAILY)


def _proof_stands(
    ctx: Context,
    who: Principal | None,
    claim: DomainClaim,
    found: Finding | None,
    findings: Sequence[Finding],
) -> bool:
    """Mark a verified domain whose proof has gone, or has come back; whether it changed."""
    if found is not None:
        was_failing = claim.failing_since is not None
        claim.verified_by, claim.failing_since, claim.tries = found.method, None, 0
        claim.save()
        if was_failing:
            _tell(ctx, who, claim, "domain.recover", {"by": found.method})
        return was_failing
    has_gone = any(
        each.method == claim.verified_by and each.outcome == "missing" for each in findings
    )
    if not has_gone or claim.failing_since is not None:
        return False
    claim.failing_since = ctx.now
    claim.save()
    _tell(ctx, who, claim, "domain.fail", {"found": [each.text for each in findings]})
    log.warning(
        "the proof that %s is its workspace's has gone; it goes on serving links", claim.host
    )
    return True


def _tell(
    ctx: Context,
    who: Principal | None,
    claim: DomainClaim,
    action: str,
    details: dict[str, object],
) -> None:
    subject = f"domain:{claim.host}"
    audit.record(ctx, who, action, subject, details, workspace_id=claim.workspace_id)
