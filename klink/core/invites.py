"""Invitations: a link by which somebody comes into a workspace, with no mail server.

Whoever invites gets the link once and passes it on; of its token only the SHA-256 is kept. It is
for one e-mail, works once, and for seven days.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from klink.core import audit, users
from klink.core.context import Context
from klink.core.errors import Conflict, KlinkError, NotFound, ValidationFailed
from klink.core.ids import is_uid
from klink.core.members import need_to_give
from klink.core.passwords import HashedPassword, hash_password
from klink.core.principal import Principal
from klink.core.users import UserView
from klink.db.connection import lock, read, write
from klink.db.models import Invite, Membership, User, Workspace

__all__ = [
    "LIVES", "MAX_OPEN", "BadInvite", "InviteView", "accept", "address", "invite", "look",
    "open_invites", "revoke",
]  # fmt: skip

LIVES = timedelta(days=7)
"""How long an invitation may be accepted."""

MAX_OPEN = 100
"""Open invitations that a workspace may have."""

_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}", re.ASCII)

_WORDS = {
    "unknown": "there is no such invitation; look whether you have the whole link",
    "used": "this invitation has been accepted already; sign in instead",
    "expired": "this invitation is too old; ask for a new one",
    "revoked": "this invitation has been revoked; ask for a new one",
}


class BadInvite(NotFound):
    """The token invites nobody, now.

    :ivar reason: ``unknown``, ``used``, ``expired`` or ``revoked``.
    """

    code = "bad_invite"

    def __init__(self, reason: str) -> None:
        KlinkError.__init__(self, _WORDS[reason])
        self.reason = reason


@dataclass(frozen=True, slots=True)
class InviteView:
    """An invitation as doors show it; the token is gone after it was made.

    :param invited_by: who made it: their name, or else their e-mail; None when they are gone.
    :param has_user: whether somebody has an account with this e-mail, and so joins by signing in.
    """

    uid: str
    email: str
    role: str
    workspace_id: int
    workspace_name: str
    invited_by: str | None
    created_at: datetime
    expires_at: datetime
    has_user: bool


def address(ctx: Context, token: str) -> str:
    """The link that somebody who is invited opens."""
    return f"{ctx.settings.base_url}/admin/invite/{token}"


def invite(ctx: Context, who: Principal, email: str, role: str) -> tuple[InviteView, str]:
    """Invite somebody into the workspace; give the token too, which nobody can see again.

    An open invitation of the same e-mail is revoked by it, since its link may be lost.

    :raises ValidationFailed: e-mail or role cannot be accepted.
    :raises InsufficientRole, InsufficientScope: whoever asks may not make somebody that.
    :raises Conflict: a member has this e-mail, or too many invitations are open.
    """
    who.need("create")
    need_to_give(who, role)
    email = users.checked_email(email)
    token = secrets.token_urlsafe(_BYTES)
    with write():
        lock(f"klink:invites:{who.workspace_id}")
        if _is_member(who.workspace_id, email):
            raise Conflict(f"{email} is in this workspace already")
        _replace(ctx, who.workspace_id, email)
        if _open(ctx, who.workspace_id).count() >= MAX_OPEN:
            raise Conflict(f"{MAX_OPEN} invitations are open; revoke those that nobody needs")
        row = Invite.create(
            uid=str(uuid.uuid4()),
            hash=_hash(token),
            email=email,
            workspace=who.workspace_id,
            role=role,
            created_by=who.user_id,
            created_at=ctx.now,
            expires_at=ctx.now + LIVES,
        )
        details: dict[str, object] = {"email": email, "role": role}
        audit.record(ctx, who, "invite.create", f"invite:{row.uid}", details)
        return _view(row), token


def open_invites(ctx: Context, who: Principal) -> list[InviteView]:
    """The workspace's invitations that can be accepted now, newest first.

    :raises InsufficientRole: for owners and admins only.
    """
    who.need_manager()
    who.need("read")
    with read():
        found = _open(ctx, who.workspace_id).order_by(Invite.id.desc())
        return [_view(row) for row in found]


def revoke(ctx: Context, who: Principal, uid: str) -> None:
    """End an open invitation.

    :raises InsufficientRole: for owners and admins only.
    :raises NotFound: the workspace has no such open invitation.
    """
    who.need_manager()
    who.need("delete")
    with write():
        row = None
        if is_uid(uid):
            row = _open(ctx, who.workspace_id).where(Invite.uid == uid.lower()).first()
        if row is None or not _end(row, revoked_at=ctx.now):
            raise NotFound("open invitation")
        audit.record(ctx, who, "invite.revoke", f"invite:{row.uid}", {"email": row.email})


def look(ctx: Context, token: str) -> InviteView:
    """What a token invites to.

    :raises BadInvite: nothing; it says why.
    """
    with read():
        return _view(_usable(ctx, token))


def accept(
    ctx: Context,
    token: str,
    *,
    password: str | None = None,
    name: str | None = None,
    user_id: int | None = None,
) -> UserView:
    """Come into the workspace: as a new user with this password, or as a user who is signed in.

    :param user_id: whoever is signed in; then password and name are not asked for.
    :raises BadInvite: the token invites nobody, or somebody else was faster.
    :raises ValidationFailed: password or name cannot be accepted, or it is for another e-mail.
    :raises Conflict: there is a user with this e-mail, who has to sign in; or is in it already.
    """
    found = look(ctx, token)
    # Before the lock is taken, since it takes its time.
    hashed = _hashed(password or "", name) if user_id is None else None
    with write():
        lock(f"klink:invites:{found.workspace_id}")
        row = _usable(ctx, token)
        if not _end(row, used_at=ctx.now):
            raise BadInvite("used")
        user = _new_user(ctx, row, hashed, name) if hashed else _join(ctx, row, user_id or 0)
        audit.record(
            ctx,
            None,
            "invite.accept",
            f"invite:{row.uid}",
            {"email": row.email, "role": row.role, "invited_by": row.created_by},
            workspace_id=row.workspace_id,
            user_id=user.id,
        )
        return user


def _hashed(password: str, name: str | None) -> HashedPassword:
    """The password's hash, when it and the name will do."""
    users.check_password(password)
    users.checked_name(name)
    return HashedPassword(hash_password(password))


def _new_user(ctx: Context, row: Invite, password: HashedPassword, name: str | None) -> UserView:
    if User.select().where(User.email == row.email).exists():
        raise Conflict(f"there is a user {row.email} already; sign in, then open this link again")
    return users.create(
        ctx,
        row.email,
        role=row.role,
        workspace_id=row.workspace_id,
        password=password,
        name=name,
    )


def _join(ctx: Context, row: Invite, user_id: int) -> UserView:
    user = users.get(user_id)
    if user.email != row.email:
        text = f"this invitation is for {row.email}, and you are {user.email}; sign out first"
        raise ValidationFailed({"email": [text]}, text)
    if row.workspace_id in user.roles:
        raise Conflict("you are in this workspace already")
    Membership.create(user=user_id, workspace=row.workspace_id, role=row.role, created_at=ctx.now)
    return users.get(user_id)


def _usable(ctx: Context, token: str) -> Invite:
    row: Invite | None = None
    if _TOKEN.fullmatch(token):
        row = Invite.get_or_none(Invite.hash == _hash(token))
    if row is None:
        raise BadInvite("unknown")
    if row.used_at is not None:
        raise BadInvite("used")
    if row.revoked_at is not None:
        raise BadInvite("revoked")
    if ctx.now >= row.expires_at:
        raise BadInvite("expired")
    return row


def _end(row: Invite, **values: datetime) -> bool:
    """Use or revoke an invitation, unless somebody else was faster."""
    is_open = (Invite.id == row.id) & Invite.used_at.is_null() & Invite.revoked_at.is_null()
    return bool(Invite.update(**values).where(is_open).execute())


def _replace(ctx: Context, workspace_id: int, email: str) -> None:
    older = [row.id for row in _open(ctx, workspace_id).where(Invite.email == email)]
    if older:
        Invite.update(revoked_at=ctx.now).where(Invite.id.in_(older)).execute()


def _open(ctx: Context, workspace_id: int) -> Any:
    # Any: peewee's queries lose their types while they are chained.
    return Invite.select().where(
        Invite.workspace == workspace_id,
        Invite.used_at.is_null(),
        Invite.revoked_at.is_null(),
        Invite.expires_at > ctx.now,
    )


def _is_member(workspace_id: int, email: str) -> bool:
    query = Membership.select().join(User)
    found = query.where(Membership.workspace == workspace_id, User.email == email)
    return bool(found.exists())


def _view(row: Invite) -> InviteView:
    by = User.get_or_none(User.id == row.created_by) if row.created_by else None
    return InviteView(
        uid=row.uid,
        email=row.email,
        role=row.role,
        workspace_id=row.workspace_id,
        workspace_name=Workspace.get_by_id(row.workspace_id).name,
        invited_by=(by.name or by.email) if by else None,
        created_at=row.created_at,
        expires_at=row.expires_at,
        has_user=User.select().where(User.email == row.email).exists(),
    )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
