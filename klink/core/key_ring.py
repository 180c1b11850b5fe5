"""Keys as the people of a workspace have them: their own, or all of it for owners and admins.

A key may make keys, and so nobody must get more by that: neither scopes, nor a better plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from klink.core import keys, paging
from klink.core.context import Context
from klink.core.errors import NotAuthenticated, NotFound, ValidationFailed
from klink.core.ids import is_uid
from klink.core.keys import FORMATS, KeyView
from klink.core.plans import Plan, named
from klink.core.principal import MANAGERS, SCOPES, Principal
from klink.core.users import Called, called
from klink.db.connection import read, write
from klink.db.models import ApiKey

__all__ = ["KeyPage", "OwnedKey", "Tried", "dialect_of", "get", "make", "principal_of", "revoke",
           "search", "try_out"]  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnedKey:
    """A key, whose it is, and the plan that it has by its own or its dialect's name."""

    key: KeyView
    user: Called
    plan: Plan


@dataclass(frozen=True, slots=True)
class KeyPage:
    """One page of keys and where the next begins, if there is one."""

    items: list[OwnedKey]
    next_cursor: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a key is good for.

    :param state: ``works``, ``revoked``, ``unknown``, or ``no_key`` for what looks like none.
    :param dialect: by its beginning; None when it looks like none.
    :param principal: whom it makes; None when it does not work.
    """

    state: str
    dialect: str | None
    principal: Principal | None
    key: OwnedKey | None


def make(
    ctx: Context,
    who: Principal,
    *,
    name: str,
    dialect: str = "klink",
    scopes: Iterable[str] = (),
    plan: str | None = None,
) -> tuple[OwnedKey, str]:
    """Make a key of one's own; give its text too, which nobody can see again.

    :param scopes: none: all that whoever asks may have.
    :param plan: none: the dialect's, or the asking key's where that allows less.
    :raises InsufficientScope: a key without ``create``.
    :raises ValidationFailed: name, dialect, scopes or plan are not to be had.
    :raises KeyLimitReached: one has as many active keys as one may have.
    """
    if who.key_id is not None:
        who.need("create")
    if who.user_id is None:
        raise NotFound("user")  # whoever runs the server says whose a key is
    wanted = list(scopes) or [scope for scope in SCOPES if scope in who.scopes]
    for scope in wanted:
        if scope in SCOPES and scope not in who.scopes:
            raise ValidationFailed({"scopes": [f"{scope!r} is more than you may do yourself"]})
    view, token = keys.create(
        ctx,
        workspace_id=who.workspace_id,
        user_id=who.user_id,
        name=name,
        dialect=dialect,
        scopes=wanted,
        plan=_chosen_plan(ctx, who, dialect, plan),
        by=who,
    )
    return _owned(ctx, [view])[0], token


def search(
    ctx: Context,
    who: Principal,
    *,
    cursor: str | None = None,
    limit: int = paging.MAX_LIMIT,
    revoked: bool = True,
) -> KeyPage:
    """The keys of the workspace for owners and admins, one's own for others; newest first.

    :param revoked: whether those that have ended are among them.
    :raises InsufficientScope: the key may not read.
    :raises ValidationFailed: a cursor or limit that cannot be.
    """
    who.need("read")
    errors: dict[str, list[str]] = {}
    before = paging.below(errors, cursor=cursor, limit=limit)
    if errors:
        raise ValidationFailed(errors)
    with read():
        query = _theirs(who).where(ApiKey.id < before)
        if not revoked:
            query = query.where(ApiKey.revoked_at.is_null())
        rows = list(query.order_by(ApiKey.id.desc()).limit(limit + 1))
    items = _owned(ctx, [keys.view(row) for row in rows[:limit]])
    return KeyPage(items, str(items[-1].key.id) if len(rows) > limit else None)


def get(ctx: Context, who: Principal, uid: str) -> OwnedKey:
    """One key of those that :func:`search` gives.

    :raises NotFound: none of them has this id.
    """
    who.need("read")
    return _owned(ctx, [keys.view(_row(who, uid))])[0]


def revoke(ctx: Context, who: Principal, uid: str) -> OwnedKey:
    """End a key of those that :func:`search` gives; ending it twice changes nothing.

    :raises InsufficientScope: a key without ``delete``.
    :raises NotFound: none of them has this id.
    """
    if who.key_id is not None:
        who.need("delete")
    with write():
        return _owned(ctx, [keys.end(ctx, who, _row(who, uid))])[0]


def dialect_of(token: str) -> str | None:
    """The dialect that a key is of, by its beginning."""
    found = (name for name, form in FORMATS.items() if token.startswith(form.prefix))
    return next(found, None)


def try_out(ctx: Context, token: str) -> Tried:
    """What a key is good for, whoever asks: who has it may do all that anyway.

    It is not counted against its plan, and counts as no use.
    """
    token = token.strip()
    dialect = dialect_of(token)
    if dialect is None:
        return Tried("no_key", None, None, None)
    principal, state = None, "works"
    try:
        principal = keys.authenticate(ctx, dialect, token)
    except NotAuthenticated as error:
        state = error.reason
    view = None if state == "unknown" else keys.by_token(token)
    return Tried(state, dialect, principal, _owned(ctx, [view])[0] if view else None)


def principal_of(who: Principal, owned: OwnedKey) -> Principal:
    """A key of the asking one's workspace as its requests are counted, for reading that.

    It may do nothing by this.
    """
    return Principal(
        workspace_id=who.workspace_id,
        user_id=owned.key.user_id,
        key_id=owned.key.id,
        dialect=owned.key.dialect,
        scopes=frozenset(),
        plan=owned.plan,
        workspace_plan=who.workspace_plan,
    )


def _chosen_plan(ctx: Context, who: Principal, dialect: str, plan: str | None) -> str | None:
    if plan is None:
        default = keys.plan_of(ctx, dialect, None)
        is_enough = who.key_id is None or default.allows_no_more_than(who.plan)
        return None if is_enough else who.plan.name
    chosen = named(ctx.settings.plans, plan)
    if who.key_id is None and who.role not in MANAGERS:
        raise ValidationFailed({"plan": ["is for owners and admins to choose; leave it out"]})
    if who.key_id is not None and not chosen.allows_no_more_than(who.plan):
        text = f"allows more than your key's own plan, {who.plan.name!r}"
        raise ValidationFailed({"plan": [text]})
    return plan


def _theirs(who: Principal) -> Any:
    # Any: peewee's queries lose their types while they are chained.
    query = ApiKey.select().where(ApiKey.workspace == who.workspace_id)
    is_manager = who.role in MANAGERS or who.is_operator
    return query if is_manager else query.where(ApiKey.user == who.user_id)


def _row(who: Principal, uid: str) -> ApiKey:
    row: ApiKey | None = None
    if is_uid(uid):
        with read():
            row = _theirs(who).where(ApiKey.uid == uid.lower()).first()
    if row is None:
        raise NotFound("key")
    return row


def _owned(ctx: Context, views: list[KeyView]) -> list[OwnedKey]:
    users = called({view.user_id for view in views})
    return [
        OwnedKey(view, users[view.user_id], keys.plan_of(ctx, view.dialect, view.plan))
        for view in views
    ]
