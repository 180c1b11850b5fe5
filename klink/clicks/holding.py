"""Holding the journal: while somebody does, nothing that is folded is deleted.

Who copies the database and then the journal needs every segment that the copy of the database
has not counted, and the ledger goes on meanwhile. The hold is a lock on a file, so it works among
processes, and it ends with the process that had it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["HOLD_NAME", "deleting", "held"]

HOLD_NAME = "hold"


@contextmanager
def held(root: Path) -> Iterator[None]:
    """Keep every segment of the streams below ``root`` during the block; many may at once.

    :raises OSError: when the folder cannot be used.
    """
    root.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _opened(root) as fd:
        fcntl.flock(fd, fcntl.LOCK_SH)  # who deletes is done in no time
        yield


@contextmanager
def deleting(root: Path) -> Iterator[bool]:
    """Whether segments may be deleted during the block; False while somebody holds them.

    :raises OSError: when the folder cannot be used.
    """
    with _opened(root) as fd:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            may = False
        else:
            may = True
        yield may


@contextmanager
def _opened(root: Path) -> Iterator[int]:
    fd = os.open(root / HOLD_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        yield fd
    finally:
        os.close(fd)  # and with it goes the lock
