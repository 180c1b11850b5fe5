"""Who is in a workspace, and as what.

A workspace always has an owner, and only owners make owners or touch them. Whoever goes takes their
keys with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from peewee import fn

from klink.core import audit, paging
from klink.core.context import Context
from klink.core.errors import Conflict, InsufficientRole, NotFound, ValidationFailed
from klink.core.ids import is_uid
from klink.core.principal import MANAGERS, Principal, scopes_of
from klink.core.workspaces import ROLES
from klink.db.connection import lock, read, write
from klink.db.models import ApiKey, Invite, Membership, User

__all__ = [
    "LastOwner", "MemberPage", "MemberView", "change_role", "get", "leave", "need_to_give",
    "of_user", "remove", "remove_by_operator", "search",
]  # fmt: skip


class LastOwner(Conflict):
    """The workspace would be left without an owner."""

    code = "last_owner"

    def __init__(self) -> None:
        super().__init__("this is the workspace's last owner; make somebody else an owner first")


@dataclass(frozen=True, slots=True)
class MemberView:
    """A user as a member of one workspace.

    :param can_sign_in: whether there is a password.
    :param has_second_factor: whether signing in takes a code, too.
    :param joined_at: when they came into this workspace.
    :param active_keys: how many of their keys of this workspace are not revoked.
    """

    user_id: int
    uid: str
    email: str
    name: str | None
    role: str
    is_active: bool
    can_sign_in: bool
    has_second_factor: bool
    joined_at: datetime
    active_keys: int


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One page of members; ``next_cursor`` is None on the last one."""

    items: list[MemberView]
    next_cursor: str | None


def need_to_give(who: Principal, role: str) -> None:
    """Refuse to make somebody what whoever asks is not, or could not do by this key.

    :raises ValidationFailed: no such role.
    :raises InsufficientRole: not a manager; or it takes an owner.
    :raises InsufficientScope: members with this role may do what the key may not.
    """
    who.need_manager()
    if role not in ROLES:
        raise ValidationFailed({"role": [f"must be one of {', '.join(ROLES)}"]})
    _need_rank(who, role)
    for scope in sorted(scopes_of(role)):
        who.need(scope)


def search(
    ctx: Context,  # noqa: ARG001 - as everywhere
    who: Principal,
    *,
    cursor: str | None = None,
    limit: int = paging.MAX_LIMIT,
) -> MemberPage:
    """The members of the workspace, those who are users for longest first.

    :raises InsufficientRole: for owners and admins only.
    :raises ValidationFailed: a cursor or limit that cannot be.
    """
    who.need_manager()
    who.need("read")
    errors: dict[str, list[str]] = {}
    after = paging.above(errors, cursor=cursor, limit=limit)
    if errors:
        raise ValidationFailed(errors)
    with read():
        found = list(_members(who.workspace_id).where(User.id > after).limit(limit + 1))
        views = _views(who.workspace_id, found[:limit])
    return MemberPage(views, str(views[-1].user_id) if len(found) > limit else None)


def get(ctx: Context, who: Principal, uid: str) -> MemberView:  # noqa: ARG001 - as everywhere
    """One member.

    :param uid: the user's id.
    :raises InsufficientRole: for owners and admins only.
    :raises NotFound: nobody with this id is in the workspace.
    """
    who.need_manager()
    who.need("read")
    return _views(who.workspace_id, [_find(who.workspace_id, uid)])[0]


def change_role(ctx: Context, who: Principal, uid: str, role: str) -> MemberView:
    """Give a member another role.

    Who is no manager any more has their open invitations revoked.

    :raises InsufficientRole: whoever asks may not give this role, or not touch this member.
    :raises LastOwner: no owner would be left.
    """
    who.need("update")
    need_to_give(who, role)
    with write():
        lock(f"klink:members:{who.workspace_id}")
        row = _find(who.workspace_id, uid)
        before = row.role
        _need_rank(who, before)
        if role != before:
            if before == "owner":
                _keep_an_owner(row)
            Membership.update(role=role).where(_is(row)).execute()
            row.role = role
            details: dict[str, object] = {"role": [before, role]}
            if role not in MANAGERS:
                details |= _end_invites(ctx, row)
            audit.record(ctx, who, "user.role", f"user:{row.user.uid}", details)
        return _views(who.workspace_id, [row])[0]


def remove(ctx: Context, who: Principal, uid: str) -> None:
    """Take a member out of the workspace; their keys to it and open invitations end with that.

    The user stays, and what they are in other workspaces.

    :raises InsufficientRole: whoever asks may not touch this member.
    :raises LastOwner: no owner would be left.
    """
    who.need_manager()
    who.need("delete")
    with write():
        lock(f"klink:members:{who.workspace_id}")
        row = _find(who.workspace_id, uid)
        _need_rank(who, row.role)
        _remove(ctx, who, row)


def leave(ctx: Context, who: Principal) -> None:
    """Leave the workspace, with all that :func:`remove` takes along.

    :raises LastOwner: whoever asks is the only owner.
    """
    with write():
        lock(f"klink:members:{who.workspace_id}")
        row = _members(who.workspace_id).where(User.id == who.user_id).first()
        if row is None:
            raise NotFound("user in this workspace")
        _remove(ctx, who, row)


def of_user(user_id: int) -> list[Membership]:
    """The memberships of a user, oldest first; within a unit of work."""
    found = Membership.select().where(Membership.user == user_id)
    return list(found.order_by(Membership.created_at, Membership.workspace))


def remove_by_operator(ctx: Context, row: Membership) -> None:
    """Take a member out, as :func:`remove` does; by the operator, within a unit of work.

    :raises LastOwner: no owner would be left.
    """
    lock(f"klink:members:{row.workspace_id}")
    _remove(ctx, None, row)


def _remove(ctx: Context, who: Principal | None, row: Membership) -> None:
    if row.role == "owner":
        _keep_an_owner(row)
    is_own = (ApiKey.user == row.user) & (ApiKey.workspace == row.workspace_id)
    keys = list(ApiKey.select().where(is_own, ApiKey.revoked_at.is_null()).order_by(ApiKey.id))
    if keys:
        ids = [key.id for key in keys]
        ApiKey.update(revoked_at=ctx.now).where(ApiKey.id.in_(ids)).execute()
    invites = _end_invites(ctx, row)
    Membership.delete().where(_is(row)).execute()
    details: dict[str, object] = {"role": row.role, "email": row.user.email}
    details["revoked_keys"] = [key.uid for key in keys]
    subject, details = f"user:{row.user.uid}", details | invites
    audit.record(ctx, who, "user.remove", subject, details, workspace_id=row.workspace_id)


def _need_rank(who: Principal, role: str) -> None:
    if role == "owner" and who.role != "owner":
        raise InsufficientRole(("owner",))


def _keep_an_owner(leaving: Membership) -> None:
    """Refuse to let the last owner go; whoever cannot use klink any more is none."""
    others = (
        Membership.select()
        .join(User)
        .where(
            Membership.workspace == leaving.workspace_id,
            Membership.role == "owner",
            Membership.user != leaving.user,
            User.is_active,
        )
    )
    if not others.exists():
        raise LastOwner


def _end_invites(ctx: Context, row: Membership) -> dict[str, object]:
    """Revoke what the member has invited; for the audit, which."""
    is_theirs = (
        (Invite.workspace == row.workspace_id)
        & (Invite.created_by == row.user.id)
        & Invite.used_at.is_null()
        & Invite.revoked_at.is_null()
    )
    found = [each.uid for each in Invite.select().where(is_theirs).order_by(Invite.id)]
    if not found:
        return {}
    Invite.update(revoked_at=ctx.now).where(is_theirs).execute()
    return {"revoked_invites": found}


def _members(workspace_id: int) -> Any:
    # Any: peewee's queries lose their types while they are chained.
    return (
        Membership.select(Membership, User)
        .join(User)
        .where(Membership.workspace == workspace_id)
        .order_by(User.id)
    )


def _find(workspace_id: int, uid: str) -> Membership:
    row: Membership | None = None
    if is_uid(uid):
        with read():
            row = _members(workspace_id).where(User.uid == uid.lower()).first()
    if row is None:
        raise NotFound("user in this workspace")
    return row


def _is(row: Membership) -> Any:
    return (Membership.user == row.user) & (Membership.workspace == row.workspace_id)


def _views(workspace_id: int, rows: Iterable[Membership]) -> list[MemberView]:
    found = list(rows)
    keys = _active_keys(workspace_id, [row.user.id for row in found])
    return [
        MemberView(
            user_id=row.user.id,
            uid=row.user.uid,
            email=row.user.email,
            name=row.user.name,
            role=row.role,
            is_active=row.user.is_active,
            can_sign_in=row.user.password_hash is not None,
            has_second_factor=row.user.totp_since is not None,
            joined_at=row.created_at,
            active_keys=keys.get(row.user.id, 0),
        )
        for row in found
    ]


def _active_keys(workspace_id: int, user_ids: Sequence[int]) -> dict[int, int]:
    is_active = (ApiKey.workspace == workspace_id) & ApiKey.revoked_at.is_null()
    query = ApiKey.select(ApiKey.user, fn.COUNT(ApiKey.id)).where(
        is_active, ApiKey.user.in_(list(user_ids))
    )
    with read():
        found: Any = query.group_by(ApiKey.user).tuples()  # Any: as in _members
        return dict(found)
