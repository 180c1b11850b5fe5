"""Sessions: browsers that people are signed in with, so that they can be listed and ended.

The cookie holds a random token, of which only the SHA-256 is kept. A session ends when it was not
used for :data:`IDLE`, when it is :data:`LONGEST` old, and when somebody ends it.
"""

from __future__ import annotations

import hashlib
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from peewee import Expression

from klink.core import audit, users, workspaces
from klink.core.context import Context
from klink.core.errors import DatabaseBusy, NotFound
from klink.core.plans import stored
from klink.core.principal import Principal, scopes_of
from klink.core.users import UserView
from klink.core.workspaces import WorkspaceView
from klink.db.connection import lock, read, write
from klink.db.models import Membership, Session, User

__all__ = [
    "DOOR", "IDLE", "LONGEST", "SessionView", "SignedIn", "end", "end_all", "end_others", "find",
    "of_user", "open_for", "prune", "switch",
]  # fmt: skip

DOOR = "admin"
"""What links and audit entries say that they came through."""

IDLE = timedelta(days=14)
LONGEST = timedelta(days=90)

_TOUCHED_EVERY = timedelta(minutes=5)
_MOST = 50
"""Sessions that a user may have; the one longest unused makes room."""

_MAX_AGENT = 100
_MAX_ID = 2**62
_PRUNED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session as its user sees it.

    :ivar net: the truncated address that signed in, '' when unknown.
    :ivar agent: the browser, in words.
    """

    id: int
    user_id: int
    created_at: datetime
    seen_at: datetime
    net: str
    agent: str


@dataclass(frozen=True)
class SignedIn:
    """Somebody who is signed in, and the workspace that they look at.

    :ivar token_hash: the SHA-256 of the session's token, in hexadecimal digits.
    :ivar role: theirs in ``workspace``.
    :ivar is_operator: whether they run the server: the owners of its first workspace do.
    """

    user: UserView
    session: SessionView
    token_hash: str
    workspace: WorkspaceView
    role: str
    is_operator: bool

    @cached_property
    def memberships(self) -> list[WorkspaceView]:
        """Every workspace that they are a member of, oldest first."""
        return workspaces.all_of_them(self.user.roles)

    def principal(self, ctx: Context) -> Principal:
        """Who asks, to the core."""
        return Principal(
            workspace_id=self.workspace.id,
            user_id=self.user.id,
            key_id=None,
            dialect=DOOR,
            scopes=scopes_of(self.role),
            workspace_plan=stored(ctx.settings.plans, self.workspace.plan),
            role=self.role,
        )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def _view(row: Session) -> SessionView:
    return SessionView(row.id, row.user_id, row.created_at, row.seen_at, row.net, row.agent)


def open_for(
    ctx: Context, user_id: int, *, net: str, agent: str, workspace_id: int | None = None
) -> str:
    """Sign a user in; return the new session's token, which nobody can see again.

    :param workspace_id: which to look at; None is the one where they have been longest.
    :raises NotFound: no such user, none that is active, or in no workspace.
    """
    token = secrets.token_urlsafe(32)
    with write():
        lock(f"klink:sessions:{user_id}")
        user = users.get(user_id)
        places = _places(user_id)
        if not user.is_active or not places:
            raise NotFound("user who may sign in")
        _make_room(user_id)
        Session.create(
            hash=_hash(token),
            user=user_id,
            workspace_id=workspace_id if workspace_id in places else places[0],
            created_at=ctx.now,
            seen_at=ctx.now,
            net=net,
            agent=agent[:_MAX_AGENT],
        )
        audit.record(ctx, None, "session.open", f"user:{user.uid}", workspace_id=places[0])
    return token


def _places(user_id: int) -> list[int]:
    """The workspaces of a user, by how long they have been there."""
    found = Membership.select().where(Membership.user == user_id)
    return [row.workspace_id for row in found.order_by(Membership.created_at, Membership.workspace)]


def _make_room(user_id: int) -> None:
    kept = Session.select(Session.id).where(Session.user == user_id)
    old = [row.id for row in kept.order_by(Session.seen_at.desc(), Session.id.desc())]
    for chunk in [old[_MOST - 1 :]]:
        if chunk:
            Session.delete().where(Session.id.in_(chunk)).execute()


def find(ctx: Context, token: str) -> SignedIn | None:
    """Who is signed in with this token; None when nobody is, or not any more.

    A user who has left the workspace that they looked at finds themselves in another of theirs.
    """
    hashed = _hash(token)
    with read():
        row = Session.get_or_none(Session.hash == hashed)
        if row is None or not _lives(row, ctx.now):
            return None
        user = users.get(row.user_id)
        places = _places(row.user_id)
        if not user.is_active or not places:
            return None
        here = row.workspace_id if row.workspace_id in places else places[0]
        workspace = workspaces.get(here)
        first = workspaces.find(None)
    if ctx.now - row.seen_at > _TOUCHED_EVERY:
        with suppress(DatabaseBusy), write():  # a page matters more than when it was seen
            Session.update(seen_at=ctx.now).where(Session.id == row.id).execute()
    is_operator = user.roles.get(first.id) == "owner"
    return SignedIn(user, _view(row), hashed, workspace, user.roles[here], is_operator)


def _lives(row: Session, now: datetime) -> bool:
    return bool(now - row.seen_at < IDLE and now - row.created_at < LONGEST)


def of_user(ctx: Context, user_id: int) -> list[SessionView]:
    """The sessions of a user that are open, last used first."""
    with read():
        found = Session.select().where(Session.user == user_id).order_by(Session.seen_at.desc())
        return [_view(row) for row in found if _lives(row, ctx.now)]


def switch(ctx: Context, who: SignedIn, workspace_id: int) -> None:
    """Look at another workspace from now on.

    :raises NotFound: one that they are no member of.
    """
    with write():
        if workspace_id not in _places(who.user.id):
            raise NotFound("workspace")
        Session.update(workspace_id=workspace_id, seen_at=ctx.now).where(
            Session.id == who.session.id
        ).execute()


def end(ctx: Context, user_id: int, session_id: int) -> None:
    """End a session of a user; one that has ended stays so.

    :raises NotFound: no such session of theirs.
    """
    if session_id > _MAX_ID:  # of which the database need not hear
        raise NotFound("session")
    with write():
        if not _end(user_id, Session.id == session_id):
            raise NotFound("session")
        _note(ctx, user_id, "session.end")


def end_others(ctx: Context, user_id: int, keep: int) -> int:
    """End all sessions of a user but one; return how many ended."""
    with write():
        ended = _end(user_id, Session.id != keep)
        _note(ctx, user_id, "session.end_others")
        return ended


def end_all(ctx: Context, user_id: int) -> int:
    """End all sessions of a user; return how many."""
    with write():
        ended = _end(user_id)
        _note(ctx, user_id, "session.end_all")
        return ended


def _end(user_id: int, *which: Expression) -> int:
    return int(Session.delete().where(Session.user == user_id, *which).execute())


def _note(ctx: Context, user_id: int, action: str) -> None:
    user, places = User.get_by_id(user_id), _places(user_id)
    place = places[0] if places else None
    audit.record(ctx, None, action, f"user:{user.uid}", workspace_id=place)


def prune(now: datetime) -> int:
    """Delete a bounded number of sessions that have ended; return how many."""
    with write():
        old = Session.select(Session.id).where(
            (Session.seen_at <= now - IDLE) | (Session.created_at <= now - LONGEST)
        )
        ids = [row.id for row in old.limit(_PRUNED_AT_ONCE)]
        return int(Session.delete().where(Session.id.in_(ids)).execute()) if ids else 0
