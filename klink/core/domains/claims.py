"""Claiming a host, proving it, and letting go of it.

Anybody may claim any host, and several may claim the same: a claim takes nothing from anybody.
Whoever proves it first has it.
"""

from __future__ import annotations

import secrets
from datetime import timedelta

import peewee

from klink.core import audit, changes
from klink.core.context import Changed, Context
from klink.core.domains import proofs, reading
from klink.core.domains.checks import LOCK, conclude, settle
from klink.core.domains.model import BY_ADMIN, DomainView
from klink.core.domains.names import check_host, is_base_host
from klink.core.errors import Conflict, DomainHasLinks, DomainTaken, Forbidden
from klink.core.principal import Principal
from klink.db import rows
from klink.db.connection import lock, read, savepoint, write
from klink.db.models import Domain, DomainClaim

__all__ = ["MAX_PENDING", "claim", "remove", "verify"]

MAX_PENDING = 100
"""Hosts that a workspace may claim without a proof: each of them is looked for now and then."""

_FIRST_CHECK = timedelta(minutes=1)
_TOKEN_BYTES = 16
_MAX_COUNTED = 10_000


def claim(ctx: Context, who: Principal, host: str, *, verified: bool = False) -> DomainView:
    """Claim a host for a workspace; it serves links once the claim is proved.

    :param verified: no proof is needed, because the server's admin says so.
    :raises InsufficientScope, InsufficientRole: who asks may not; ``verified`` is the command
        line's alone.
    :raises ValidationFailed: on ``host``.
    :raises DomainTaken: another workspace has proved it.
    :raises Conflict: the workspace has claimed it already, or too many.
    """
    if verified and not who.is_operator:
        raise Forbidden("only the command line can do without a proof")
    name = check_host(ctx.settings, host)
    with write():
        who.need("create")
        who.need_manager()
        lock(LOCK)
        _refuse_taken(who.workspace_id, name)
        row = reading.claim_of(who.workspace_id, name)
        if row is not None and (row.verified_by or not verified):
            raise Conflict(f"{name} is among this workspace's domains already")
        if row is None:
            row = _add(ctx, who, name)
        if verified:
            settle(ctx, who, row, BY_ADMIN)
        return reading.find(ctx, who.workspace_id, name)


def _add(ctx: Context, who: Principal, name: str) -> DomainClaim:
    pending = DomainClaim.select().where(
        DomainClaim.workspace == who.workspace_id, DomainClaim.verified_by.is_null()
    )
    if pending.count() >= MAX_PENDING:
        raise Conflict(
            f"{MAX_PENDING} hosts of this workspace wait for their proofs; prove or remove one"
        )
    audit.record(ctx, who, "domain.claim", f"domain:{name}")
    return DomainClaim.create(
        workspace=who.workspace_id,
        host=name,
        token=secrets.token_hex(_TOKEN_BYTES),
        created_at=ctx.now,
        tries=0,
        next_check_at=ctx.now + _FIRST_CHECK,
    )


def _refuse_taken(workspace_id: int, name: str) -> None:
    """Refuse a host that another workspace has proved to be its own.

    :raises DomainTaken: it is.
    """
    taken = Domain.select().where(
        Domain.host == name,
        Domain.verified_at.is_null(False),
        Domain.workspace != workspace_id,
    )
    if taken.exists():
        raise DomainTaken(name)


def verify(ctx: Context, who: Principal, host: str) -> DomainView:
    """Look for the proof of a claim now, and say what was found.

    Waits for others' servers; no transaction may be open.

    :raises InsufficientScope, InsufficientRole: who asks may not.
    :raises NotFound: the workspace does not claim it.
    :raises DomainTaken: another workspace has proved it.
    :raises TooBusy: enough others wait for such answers.
    """
    with read():
        who.need("update")
        who.need_manager()
        row = reading.claim_of(who.workspace_id, host)
        if row is None:
            if is_base_host(ctx.settings, host):
                raise Conflict("the server's own host needs no proof")
            raise reading.unknown(host)
        _refuse_taken(who.workspace_id, row.host)
    with proofs.place(who.workspace_id):
        findings = tuple(proofs.look(ctx.settings, row.host, row.token))
    with write():
        lock(LOCK)
        _refuse_taken(who.workspace_id, row.host)
        if conclude(ctx, who, row.id, findings) is None:
            raise reading.unknown(host)  # it was removed meanwhile
        return reading.find(ctx, who.workspace_id, row.host)


def remove(ctx: Context, who: Principal, host: str) -> None:
    """Let go of a host, and of the claim to it.

    If it was the workspace's default, ``base_url``'s host is that again.

    :raises InsufficientScope, InsufficientRole: who asks may not.
    :raises NotFound: the workspace has none of this name.
    :raises DomainHasLinks: it has links, perhaps in the trash.
    :raises Conflict: it is ``base_url``'s.
    """
    with write():
        who.need("delete")
        who.need_manager()
        if is_base_host(ctx.settings, host):
            raise Conflict("the server's own host cannot be removed")
        view = reading.find(ctx, who.workspace_id, host)
        lock(LOCK)
        mine = (Domain.host == view.host) & (Domain.workspace == who.workspace_id)
        row = Domain.get_or_none(mine)
        claims = DomainClaim.host == view.host
        DomainClaim.delete().where(claims, DomainClaim.workspace == who.workspace_id).execute()
        if row is not None:
            _delete(row)
            changes.record(ctx, Changed("domain", domain_id=row.id))
            # Who claims it too waited for this.
            DomainClaim.update(tries=0, next_check_at=ctx.now).where(claims).execute()
        details: dict[str, object] = {"state": view.state, "was_default": view.is_default}
        audit.record(ctx, who, "domain.remove", f"domain:{view.host}", details)


def _delete(row: Domain) -> None:
    counted = "SELECT COUNT(*) FROM (SELECT 1 FROM links WHERE domain_id = ? LIMIT ?) AS counted"
    (many,) = rows.one(counted, row.id, _MAX_COUNTED + 1) or (0,)
    if many:
        more = f"more than {_MAX_COUNTED} links" if many > _MAX_COUNTED else f"{many} link"
        raise DomainHasLinks(row.host, more + "s" * (1 < many <= _MAX_COUNTED))
    try:
        with savepoint():
            row.delete_instance()
    except peewee.IntegrityError:  # on PostgreSQL another transaction has just made one
        raise DomainHasLinks(row.host, "a new link") from None
