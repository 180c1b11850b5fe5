"""What takes long and needs no database, done before the unit of work opens.

Hashing a password takes some 20 ms, and all who write wait for one another. A door that
opens the unit of work itself prepares first; the functions that open their own do it too,
and preparing twice changes nothing.
"""

from __future__ import annotations

from dataclasses import replace

from klink.core.links.model import LinkPatch, NewLink
from klink.core.passwords import HashedPassword, hash_password

MAX_PASSWORD = 128


def prepare(new: NewLink) -> NewLink:
    """The link with its password hashed; one that cannot be accepted is left to be told."""
    return replace(new, password=_hashed(new.password)) if _is_plain(new.password) else new


def prepare_patch(patch: LinkPatch) -> LinkPatch:
    """The patch with its password hashed, likewise."""
    return replace(patch, password=_hashed(patch.password)) if _is_plain(patch.password) else patch


def password_problem(password: str) -> str | None:
    """What is wrong with a link's password, or None."""
    if not 1 <= len(password) <= MAX_PASSWORD:
        return f"must have 1 to {MAX_PASSWORD} characters"
    try:
        password.encode()
    except UnicodeEncodeError:
        return "must be Unicode text"
    return None


def _is_plain(password: object) -> bool:
    return isinstance(password, str) and not isinstance(password, HashedPassword)


def _hashed(password: object) -> str:
    plain = str(password)
    return plain if password_problem(plain) else HashedPassword(hash_password(plain))
