"""Users: people, and what they are in which workspace."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime

from klink.core import audit, workspaces
from klink.core.context import Context
from klink.core.errors import Conflict, NotFound, ValidationFailed
from klink.core.passwords import hash_password
from klink.db.connection import lock, read, write
from klink.db.models import Membership, User

_EMAIL = re.compile(r"[^\s@\x00-\x20\x7f<>()\[\]\\,;:\"]{1,64}@[A-Za-z0-9.-]{1,190}")
MIN_PASSWORD = 8
MAX_PASSWORD = 128


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as doors show one; ``roles`` maps workspace ids to roles."""

    id: int
    uid: str
    email: str
    name: str | None
    is_active: bool
    created_at: datetime
    roles: dict[int, str]


def _view(row: User) -> UserView:
    roles = {m.workspace_id: m.role for m in Membership.select().where(Membership.user == row)}
    return UserView(row.id, row.uid, row.email, row.name, row.is_active, row.created_at, roles)


def check_password(password: str) -> None:
    """Refuse a password that is too short or too long to be one.

    :raises ValidationFailed: outside ``MIN_PASSWORD`` to ``MAX_PASSWORD`` characters.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise ValidationFailed(
            {"password": [f"must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"]}
        )


def checked_email(email: str) -> str:
    """An e-mail address as it is kept.

    :raises ValidationFailed: it is none.
    """
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise ValidationFailed({"email": ["must be an e-mail address such as ann@example.org"]})
    return email


def create(
    ctx: Context, email: str, *, role: str, workspace_id: int, password: str | None = None
) -> UserView:
    """Make a user with a role in one workspace; without a password they cannot sign in.

    :raises ValidationFailed: email, role or password cannot be accepted.
    :raises Conflict: the email is taken.
    """
    email = checked_email(email)
    if role not in workspaces.ROLES:
        raise ValidationFailed({"role": [f"must be one of {', '.join(workspaces.ROLES)}"]})
    hashed = None
    if password is not None:
        check_password(password)
        hashed = hash_password(password)
    with write():
        lock("klink:users")
        if User.select().where(User.email == email).exists():
            raise Conflict(f"there is a user {email!r} already")
        row = User.create(
            uid=str(uuid.uuid4()),
            email=email,
            password_hash=hashed,
            is_active=True,
            created_at=ctx.now,
        )
        Membership.create(user=row, workspace=workspace_id, role=role, created_at=ctx.now)
        audit.record(
            ctx, None, "user.create", f"user:{row.uid}", {"role": role}, workspace_id=workspace_id
        )
        return _view(row)


def all_of_them() -> list[UserView]:
    """Every user, oldest first."""
    with read():
        return [_view(row) for row in User.select().order_by(User.id)]


def find(email: str | None, workspace_id: int) -> UserView:
    """The active member of the workspace with this e-mail; without one, its first owner.

    :raises NotFound: when there is none.
    """
    with read():
        query = (
            User.select()
            .join(Membership)
            .where(Membership.workspace == workspace_id, User.is_active)
            .order_by(Membership.role != "owner", User.id)
        )
        if email is not None:
            query = query.where(User.email == email.strip().lower())
        row = query.first()
        if row is None:
            raise NotFound(f"user {email!r} in this workspace" if email else "user")
        return _view(row)


def get(user_id: int) -> UserView:
    """The user with this id.

    :raises NotFound: when there is none.
    """
    with read():
        row = User.get_or_none(User.id == user_id)
        if row is None:
            raise NotFound("user")
        return _view(row)


def set_password(ctx: Context, email: str, password: str) -> None:
    """Replace a user's password.

    :raises NotFound: no user with this e-mail.
    :raises ValidationFailed: the password is too short or too long.
    """
    check_password(password)
    hashed = hash_password(password)
    with write():
        row = User.get_or_none(User.email == email.strip().lower())
        if row is None:
            raise NotFound(f"user {email!r}")
        User.update(password_hash=hashed).where(User.id == row.id).execute()
        audit.record(ctx, None, "user.password", f"user:{row.uid}")
