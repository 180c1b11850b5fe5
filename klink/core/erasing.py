"""Erasing a person: what klink knows of a user goes, what they made stays."""

from __future__ import annotations

import json
from typing import Any

from klink.core import audit, members
from klink.core.context import Context
from klink.core.errors import Conflict, NotFound
from klink.core.members import LastOwner
from klink.db.connection import write
from klink.db.models import ApiKey, Audit, Invite, Session, User
from klink.db.shredding import shredding

__all__ = ["erase_user"]

ERASED = "erased"
_PERSONAL = ("email", "name")


def erase_user(ctx: Context, email: str) -> str:
    """Erase a user; return the id that what they made goes on to name, or '' of one who never came.

    They leave all workspaces, as by :func:`members.remove`; sessions and invitations are deleted,
    keys revoked. E-mail, name, password and second factor go, from the audit log too, and SQLite's
    files no longer hold them anywhere.

    :raises NotFound: no user with this e-mail, and nobody invited by it.
    :raises Conflict: a workspace would be left without an owner; nothing was changed.
    """
    email = email.strip().lower()
    with shredding(), write():
        row = User.get_or_none(User.email == email) if "\0" not in email else None
        if row is None:
            return _erase_invited(ctx, email)
        for membership in members.of_user(row.id):
            try:
                members.remove_by_operator(ctx, membership)
            except LastOwner:
                where = membership.workspace.name
                text = f"{email} is the last owner of {where}; make somebody else an owner first"
                raise Conflict(text) from None
        invites = _forget_invites(email)
        Session.delete().where(Session.user == row).execute()
        held = [f"key:{each.uid}" for each in ApiKey.select().where(ApiKey.user == row)]
        ApiKey.update(name=ERASED).where(ApiKey.user == row).execute()
        is_open = (ApiKey.user == row) & ApiKey.revoked_at.is_null()
        ApiKey.update(revoked_at=ctx.now).where(is_open).execute()
        nothing = dict.fromkeys(
            ("name", "password_hash", "totp_nonce", "totp_since", "totp_step", "recovery")
        )
        User.update(email=f"{ERASED}-{row.uid}@invalid", is_active=False, **nothing).where(
            User.id == row.id
        ).execute()
        subject = f"user:{row.uid}"
        for each in (subject, *invites, *held):
            _clear(each)
        audit.record(ctx, None, "user.erase", subject)
    return str(row.uid)


def _erase_invited(ctx: Context, email: str) -> str:
    """Erase somebody who was invited and never came."""
    invites = _forget_invites(email) if "\0" not in email else []
    if not invites:
        raise NotFound(f"user {email!r}")
    for each in invites:
        _clear(each)
        audit.record(ctx, None, "user.erase", each)
    return ""


def _forget_invites(email: str) -> list[str]:
    """Delete the invitations of an e-mail; the subjects that the audit log knows them by."""
    found = [f"invite:{each.uid}" for each in Invite.select().where(Invite.email == email)]
    Invite.delete().where(Invite.email == email).execute()
    return found


def _clear(subject: str) -> None:
    """Take e-mails and names out of what the audit log says of a subject."""
    for entry in Audit.select().where(Audit.subject == subject):
        # Any: what entries hold is as different as what they tell of.
        details: dict[str, Any] = json.loads(entry.details)
        found = details.keys() & set(_PERSONAL)
        if found:
            cleared = json.dumps(details | dict.fromkeys(found, ERASED))
            Audit.update(details=cleared).where(Audit.id == entry.id).execute()
