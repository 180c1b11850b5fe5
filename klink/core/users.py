"""Users: people, and what they are in which workspace."""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from klink.core import audit, workspaces
from klink.core.context import Context
from klink.core.errors import Conflict, NotFound, ValidationFailed
from klink.core.passwords import HashedPassword, hash_password, matches
from klink.core.problems import text_problem
from klink.db.connection import lock, read, write
from klink.db.models import Membership, Session, User

_EMAIL = re.compile(r"[^\s@\x00-\x20\x7f<>()\[\]\\,;:\"]{1,64}@[A-Za-z0-9.-]{1,190}")
MIN_PASSWORD = 8
MAX_PASSWORD = 128
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class UserView:
    """A user as doors show one; ``roles`` maps workspace ids to roles.

    :param can_sign_in: whether there is a password.
    :param second_factor_since: since when signing in takes a code, too; None: it does not.
    """

    id: int
    uid: str
    email: str
    name: str | None
    is_active: bool
    created_at: datetime
    roles: dict[int, str]
    can_sign_in: bool
    second_factor_since: datetime | None


@dataclass(frozen=True, slots=True)
class Called:
    """Who somebody is, where no more than that is shown."""

    uid: str
    email: str
    name: str | None


def _view(row: User) -> UserView:
    roles = {m.workspace_id: m.role for m in Membership.select().where(Membership.user == row)}
    return UserView(
        row.id,
        row.uid,
        row.email,
        row.name,
        row.is_active,
        row.created_at,
        roles,
        row.password_hash is not None,
        row.totp_since,
    )


def checked_email(email: str) -> str:
    """An e-mail as it is kept: in lower case.

    :raises ValidationFailed: it cannot be one.
    """
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email):
        raise ValidationFailed({"email": ["must be an e-mail address such as ann@example.org"]})
    return email


def checked_name(name: str | None) -> str | None:
    """A person's name as it is kept; None for none.

    :raises ValidationFailed: it is too long, or nothing that can be shown.
    """
    name = (name or "").strip()
    if problem := text_problem(name, MAX_NAME, least=0):
        raise ValidationFailed({"name": [problem]})
    return name or None


def check_password(password: str) -> None:
    """Refuse a password that is too short or too long to be one.

    :raises ValidationFailed: outside ``MIN_PASSWORD`` to ``MAX_PASSWORD`` characters.
    """
    if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise ValidationFailed(
            {"password": [f"must have {MIN_PASSWORD} to {MAX_PASSWORD} characters"]}
        )


def create(
    ctx: Context,
    email: str,
    *,
    role: str,
    workspace_id: int,
    password: str | None = None,
    name: str | None = None,
) -> UserView:
    """Make a user with a role in one workspace; without a password they cannot sign in.

    :param password: may be a :class:`HashedPassword`.
    :raises ValidationFailed: email, role, password or name cannot be accepted.
    :raises Conflict: the email is taken.
    """
    email, name = checked_email(email), checked_name(name)
    if role not in workspaces.ROLES:
        raise ValidationFailed({"role": [f"must be one of {', '.join(workspaces.ROLES)}"]})
    hashed: str | None = password
    if password is not None and not isinstance(password, HashedPassword):
        check_password(password)
        hashed = hash_password(password)
    with write():
        lock("klink:users")
        if User.select().where(User.email == email).exists():
            raise Conflict(f"there is a user {email!r} already")
        row = User.create(
            uid=str(uuid.uuid4()),
            email=email,
            name=name,
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
    """Replace a user's password; all who are signed in with the old one are so no more.

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
        Session.delete().where(Session.user == row.id).execute()
        audit.record(ctx, None, "user.password", f"user:{row.uid}")


def change_password(
    ctx: Context, user_id: int, old: str, new: str, *, keep_session: int | None = None
) -> int:
    """Replace one's own password, and end one's sessions; return how many ended.

    :param keep_session: the id of the one that goes on.
    How often somebody may try is the door's to limit, by ``SignInGuesses``.

    :raises ValidationFailed: ``old`` is not the password, or ``new`` cannot be one.
    :raises TooBusy: too many passwords are being compared just now.
    """
    with read():
        row = User.get_or_none(User.id == user_id)
    if row is None:
        raise NotFound("user")
    try:
        check_password(new)
    except ValidationFailed as error:
        raise ValidationFailed({"new": error.errors["password"]}) from None
    if not knows_password(user_id, old):
        raise ValidationFailed({"old": ["is not your password"]})
    hashed = hash_password(new)
    with write():
        is_same = (User.id == user_id) & (User.password_hash == row.password_hash)
        if not User.update(password_hash=hashed).where(is_same).execute():
            raise Conflict("your password was changed meanwhile; sign in anew")
        others = Session.delete().where(Session.user == user_id, Session.id != (keep_session or 0))
        ended = int(others.execute())
        audit.record(ctx, None, "user.password", f"user:{row.uid}", user_id=user_id)
        return ended


def password_mark(user_id: int) -> str:
    """A word that is another one once the user's password has changed, and tells nothing of it.

    :raises NotFound: no such user.
    """
    with read():
        row = User.get_or_none(User.id == user_id)
    if row is None:
        raise NotFound("user")
    return hashlib.sha256((row.password_hash or "").encode()).hexdigest()[:16]


def knows_password(user_id: int, password: str) -> bool:
    """Whether this is the user's password; nobody knows that of who has none.

    :raises TooBusy: nothing was compared.
    """
    with read():
        row = User.get_or_none(User.id == user_id, User.is_active)
    if row is None or row.password_hash is None or len(password) > MAX_PASSWORD:
        return False
    return matches(row.password_hash, password)


def rename(ctx: Context, user_id: int, name: str | None) -> UserView:
    """Say what a user is called; '' and None: nothing but their e-mail.

    :raises ValidationFailed: the name cannot be accepted.
    """
    name = checked_name(name)
    with write():
        row = User.get_or_none(User.id == user_id)
        if row is None:
            raise NotFound("user")
        if row.name != name:
            User.update(name=name).where(User.id == user_id).execute()
            details: dict[str, object] = {"name": [row.name, name]}
            audit.record(ctx, None, "user.rename", f"user:{row.uid}", details, user_id=user_id)
        return get(user_id)


def called(ids: Iterable[int]) -> dict[int, Called]:
    """Who users are, by their numbers; those that are gone are missing."""
    with read():
        found = User.select().where(User.id.in_(list(ids)))
        return {row.id: Called(row.uid, row.email, row.name) for row in found}
