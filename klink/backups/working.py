"""Folders to work in, beside what becomes of the work; one that a crash left is swept up."""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["folder_in", "sync"]

_PREFIX = ".klink-work-"


@contextmanager
def folder_in(parent: Path) -> Iterator[Path]:
    """A folder of its own below ``parent`` for the block, and gone with all in it afterwards.

    It is locked as long, so that whoever comes next knows which ones nobody works in.

    :raises OSError: when it cannot be made.
    """
    with _locked(parent):  # so that nobody sweeps up what is not locked yet
        _sweep(parent)
        work = parent / f"{_PREFIX}{secrets.token_hex(8)}"
        work.mkdir(mode=0o700)
        lock = os.open(work, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)
        os.close(lock)


def sync(folder: Path) -> None:
    """Make the names in a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _sweep(parent: Path) -> None:
    for left in parent.glob(f"{_PREFIX}*"):
        if left.is_symlink() or not left.is_dir():
            continue
        with suppress(OSError), _locked(left, wait=False):
            shutil.rmtree(left, ignore_errors=True)


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(fd)
