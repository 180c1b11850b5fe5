"""API keys: shown once, kept as a SHA-256, scoped, revocable."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import string
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from klink.core import audit
from klink.core.context import Context
from klink.core.errors import KeyLimitReached, NotAuthenticated, NotFound, ValidationFailed
from klink.core.plans import Plan, named, stored
from klink.core.principal import SCOPES, Principal, scopes_of
from klink.db import rows
from klink.db.connection import lock, read, write
from klink.db.models import ApiKey, Membership

_BASE62 = string.digits + string.ascii_letters
MAX_NAME = 100
MAX_TOKEN = 200


@dataclass(frozen=True, slots=True)
class KeyFormat:
    """How a dialect's keys look: a prefix, then random characters."""

    prefix: str
    length: int
    alphabet: str


FORMATS = {
    "klink": KeyFormat("klink_", 40, _BASE62),
    "klinky": KeyFormat("klinky_live_", 32, _BASE62),
    "qklnk": KeyFormat("qklnk_", 40, _BASE62),
    "kliqs": KeyFormat("kliqs_sk_live_", 32, _BASE62),
    "klookup": KeyFormat("klup_", 64, "0123456789abcdef"),
}
"""The doors that have keys, by dialect (contract: the table of dialects)."""


@dataclass(frozen=True, slots=True)
class KeyView:
    """A key as doors show it; the key itself is gone after its creation."""

    id: int
    uid: str
    name: str
    dialect: str
    hint: str
    scopes: tuple[str, ...]
    plan: str | None
    workspace_id: int
    user_id: int
    created_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def view(row: ApiKey) -> KeyView:
    """A record as doors show it."""
    return KeyView(
        row.id,
        row.uid,
        row.name,
        row.dialect,
        row.hint,
        tuple(row.scopes.split(",")),
        row.plan,
        row.workspace_id,
        row.user_id,
        row.created_at,
        row.last_used_at,
        row.revoked_at,
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _role(workspace_id: int, user_id: int) -> str:
    with read():
        found = Membership.get_or_none(
            Membership.workspace == workspace_id, Membership.user == user_id
        )
    if found is None:
        raise NotFound("user in this workspace")
    return str(found.role)


def _check(name: str, dialect: str, scopes: Iterable[str], role: str) -> tuple[str, list[str]]:
    name = name.strip()
    if not 1 <= len(name) <= MAX_NAME or not name.isprintable():
        raise ValidationFailed({"name": [f"must be 1 to {MAX_NAME} printable characters"]})
    if dialect not in FORMATS:
        raise ValidationFailed({"dialect": [f"must be one of {', '.join(FORMATS)}"]})
    allowed = scopes_of(role)
    wanted = set(scopes) or set(allowed)
    unknown = wanted - set(SCOPES)
    if unknown:
        raise ValidationFailed(
            {"scopes": [f"no scope {sorted(unknown)[0]!r}; known are {', '.join(SCOPES)}"]}
        )
    if wanted - allowed:
        raise ValidationFailed({"scopes": [f"a key of a {role} may have: {', '.join(allowed)}"]})
    return name, [scope for scope in SCOPES if scope in wanted]


def create(
    ctx: Context,
    *,
    workspace_id: int,
    user_id: int,
    name: str,
    dialect: str = "klink",
    scopes: Iterable[str] = (),
    plan: str | None = None,
    by: Principal | None = None,
) -> tuple[KeyView, str]:
    """Make a key; return it and its text, which nobody can see again.

    :param scopes: none means all.
    :param by: who makes it, for the audit; None: whoever runs the server.
    :raises ValidationFailed: a name, dialect, scope or plan that is not to be had.
    :raises KeyLimitReached: the user has as many active keys as one may have.
    """
    name, chosen = _check(name, dialect, scopes, _role(workspace_id, user_id))
    if plan is not None:
        named(ctx.settings.plans, plan)
    form = FORMATS[dialect]
    token = form.prefix + "".join(secrets.choice(form.alphabet) for _ in range(form.length))
    with write():
        lock(f"klink:keys:{user_id}")
        active = ApiKey.select().where(ApiKey.user == user_id, ApiKey.revoked_at.is_null()).count()
        if active >= ctx.settings.max_active_keys:
            raise KeyLimitReached(ctx.settings.max_active_keys)
        row = ApiKey.create(
            uid=str(uuid.uuid4()),
            workspace=workspace_id,
            user=user_id,
            dialect=dialect,
            name=name,
            hint=token[-4:],
            hash=_hash(token),
            scopes=",".join(chosen),
            plan=plan,
            created_at=ctx.now,
        )
        details: dict[str, object] = {"name": name, "dialect": dialect, "scopes": chosen}
        details |= {"plan": plan, "user": user_id}
        subject = f"key:{row.uid}"
        audit.record(ctx, by, "key.create", subject, details, workspace_id=workspace_id)
        return view(row), token


def all_of_them(workspace_id: int | None = None) -> list[KeyView]:
    """Every key, or a workspace's, oldest first; revoked ones too."""
    with read():
        query = ApiKey.select().order_by(ApiKey.id)
        if workspace_id is not None:
            query = query.where(ApiKey.workspace == workspace_id)
        return [view(row) for row in query]


def by_token(token: str) -> KeyView | None:
    """The key with this text, revoked or not; None when there is none."""
    hashed = _hash(token)
    with read():
        row = ApiKey.get_or_none(ApiKey.hash == hashed)
    return view(row) if row is not None and hmac.compare_digest(row.hash, hashed) else None


def revoke(ctx: Context, name_or_id: str) -> KeyView:
    """End a key for good; ending it twice changes nothing.

    :param name_or_id: its number or UUID.
    :raises NotFound: when there is none.
    """
    with write():
        row = ApiKey.get_or_none(ApiKey.uid == name_or_id)
        if row is None and name_or_id.isdecimal() and len(name_or_id) < 19:
            row = ApiKey.get_or_none(ApiKey.id == int(name_or_id))
        if row is None:
            raise NotFound(f"key {name_or_id!r}")
        return end(ctx, None, row)


def end(ctx: Context, who: Principal | None, row: ApiKey) -> KeyView:
    """Revoke a key that was found, in the current unit of work."""
    if row.revoked_at is None:
        ApiKey.update(revoked_at=ctx.now).where(ApiKey.id == row.id).execute()
        row.revoked_at = ctx.now
        details: dict[str, object] = {"name": row.name, "user": row.user_id}
        subject = f"key:{row.uid}"
        audit.record(ctx, who, "key.revoke", subject, details, workspace_id=row.workspace_id)
    return view(row)


class _Found(NamedTuple):
    """What a request's key says; the columns of ``_WHOSE``."""

    id: int
    hash: str
    workspace_id: int
    user_id: int
    scopes: str
    plan: str | None
    revoked_at: int | None
    workspace_plan: str | None
    is_active: bool
    role: str


_WHOSE = """
    SELECT k.id, k.hash, k.workspace_id, k.user_id, k.scopes, k.plan, k.revoked_at,
           w.plan, u.is_active, m.role
    FROM api_keys k
    JOIN workspaces w ON w.id = k.workspace_id
    JOIN users u ON u.id = k.user_id
    JOIN memberships m ON m.user_id = k.user_id AND m.workspace_id = k.workspace_id
    WHERE k.hash = ? AND k.dialect = ?
"""
"""Asked at every request, so its text is ready."""


def authenticate(ctx: Context, dialect: str, token: str | None) -> Principal:
    """Who this key is, asked of the database each time, so that a revocation holds at once.

    :param dialect: the door asked; a key of another one is unknown here.
    :raises NotAuthenticated: missing, unknown (or malformed), or revoked.
    """
    if not token:
        raise NotAuthenticated("missing")
    form = FORMATS[dialect]
    if not token.startswith(form.prefix) or len(token) > MAX_TOKEN or not token.isascii():
        raise NotAuthenticated("unknown")
    hashed = _hash(token)
    with read():
        row = rows.one(_WHOSE, hashed, dialect)
    found = None if row is None else _Found(*row)
    if found is None or not hmac.compare_digest(found.hash, hashed) or not found.is_active:
        raise NotAuthenticated("unknown")
    if found.revoked_at is not None:
        raise NotAuthenticated("revoked")
    return Principal(
        workspace_id=found.workspace_id,
        user_id=found.user_id,
        key_id=found.id,
        dialect=dialect,
        scopes=scopes_of(found.role) & frozenset(found.scopes.split(",")),
        plan=plan_of(ctx, dialect, found.plan),
        workspace_plan=stored(ctx.settings.plans, found.workspace_plan),
        role=found.role,
    )


def plan_of(ctx: Context, dialect: str, name: str | None) -> Plan:
    """The plan of a key that names this one, or none."""
    plan = stored(ctx.settings.plans, name or ctx.settings.dialect_plans.get(dialect, "unlimited"))
    assert plan is not None  # only None gives None
    return plan
