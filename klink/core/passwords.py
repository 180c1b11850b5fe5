"""Password hashing: argon2id at 19 MiB, at most two at once (architecture: event loop)."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_two_at_once = threading.BoundedSemaphore(2)


def hash_password(password: str) -> str:
    """The argon2id hash of ``password``, with its parameters."""
    with _two_at_once:
        return _hasher.hash(password)


def matches(password_hash: str, password: str) -> bool:
    """Whether ``password`` is the one that was hashed."""
    with _two_at_once:
        try:
            return _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False
