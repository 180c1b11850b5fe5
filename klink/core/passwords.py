"""Password hashing: argon2id at 19 MiB, at most two at once (architecture: event loop)."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from klink import turns
from klink.core.errors import TooBusy

_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_two_at_once = threading.BoundedSemaphore(2)

# A visitor's guess gives up soon: the thread it waits in answers plain redirects too.
_MATCH_WAIT_S = 0.25
_HASH_WAIT_S = 5.0


class HashedPassword(str):
    """A password's hash where a password may stand: it is not hashed again."""

    __slots__ = ()


def hash_password(password: str) -> str:
    """The argon2id hash of ``password``, with its parameters.

    :raises TooBusy: no place was free for several seconds.
    """
    with _place(_HASH_WAIT_S):
        return _hasher.hash(password)


def matches(password_hash: str, password: str) -> bool:
    """Whether ``password`` is the one that was hashed.

    :raises TooBusy: no place was free for a quarter of a second; nothing was compared.
    """
    with _place(_MATCH_WAIT_S):
        try:
            return _hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


@contextmanager
def _place(timeout_s: float) -> Iterator[None]:
    # Hashing is C's work, without the interpreter's lock.
    with turns.given_back():
        if not _two_at_once.acquire(timeout=timeout_s):
            raise TooBusy("too many passwords are being checked just now; try again soon")
        try:
            yield
        finally:
            _two_at_once.release()


_OURS = re.compile(
    r"\$argon2id\$v=19\$m=(\d{1,6}),t=(\d),p=1\$[A-Za-z0-9+/]{11,64}\$[A-Za-z0-9+/]{22,86}"
)


def is_ours(password_hash: str) -> bool:
    """Whether a hash from elsewhere can be checked here, at no more than our own cost."""
    found = _OURS.fullmatch(password_hash)
    return (
        found is not None
        and int(found[1]) <= _hasher.memory_cost
        and 1 <= int(found[2]) <= _hasher.time_cost
    )
