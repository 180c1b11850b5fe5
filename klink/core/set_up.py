"""The set-up link: how a fresh server gets its first owner.

``klink serve`` offers one as long as nobody has a password. It works once, for an hour; a new
one ends the one before. Only its SHA-256 is kept.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from datetime import timedelta

from klink.core import audit, users, workspaces
from klink.core.context import Context
from klink.core.errors import Gone, KlinkError, ValidationFailed
from klink.core.passwords import hash_password
from klink.core.times import from_ms, to_ms
from klink.core.users import UserView
from klink.db.connection import lock, read, write
from klink.db.models import Membership, Meta, User

__all__ = ["LIVES", "SetUpOver", "check", "complete", "is_needed", "offer"]

LIVES = timedelta(hours=1)

_KEY = "set-up"


class SetUpOver(Gone):
    """The set-up link does not work, or not any more."""

    code = "set_up_over"

    def __init__(self) -> None:
        KlinkError.__init__(
            self,
            "this set-up link does not work any more: it works once, for an hour, and as long as "
            "nobody has a password; restart klink for a new one, or sign in",
        )


def is_needed() -> bool:
    """Whether nobody has a password yet."""
    with read():
        return not User.select().where(User.password_hash.is_null(False)).exists()


def offer(ctx: Context) -> str | None:
    """A new token for the set-up link; None when somebody has a password."""
    token = secrets.token_urlsafe(24)
    value = json.dumps({"hash": _hash(token), "until": to_ms(ctx.now + LIVES)})
    with write():
        lock("klink:users")
        if not is_needed():
            return None
        Meta.insert(key=_KEY, value=value).on_conflict(
            conflict_target=[Meta.key], update={Meta.value: value}
        ).execute()
    return token


def check(ctx: Context, token: str) -> None:
    """See whether the link works.

    :raises SetUpOver: it does not.
    """
    with read():
        row = Meta.get_or_none(Meta.key == _KEY)
        found = {} if row is None else json.loads(row.value)
        fits = hmac.compare_digest(str(found.get("hash", "")), _hash(token))
        if not fits or ctx.now >= from_ms(int(found["until"])) or not is_needed():
            raise SetUpOver


def complete(ctx: Context, token: str, *, email: str, password: str) -> UserView:
    """Make the first owner: who sets the server up gives the local owner an address and a password.

    :raises SetUpOver: the link does not work; another browser may have been faster.
    :raises ValidationFailed: e-mail or password cannot be accepted.
    """
    check(ctx, token)
    email = users.checked_email(email)
    users.check_password(password)
    hashed = hash_password(password)
    with write():
        lock("klink:users")
        check(ctx, token)
        first = workspaces.find(None)
        owner = users.find(None, first.id)
        if User.select().where(User.email == email, User.id != owner.id).exists():
            raise ValidationFailed({"email": ["another user of this server has this address"]})
        User.update(email=email, password_hash=hashed).where(User.id == owner.id).execute()
        Membership.update(role="owner").where(
            Membership.user == owner.id, Membership.workspace == first.id
        ).execute()
        Meta.delete().where(Meta.key == _KEY).execute()
        audit.record(ctx, None, "user.set_up", f"user:{owner.uid}", workspace_id=first.id)
        return users.get(owner.id)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
