"""The disk: room for clicks, for files, and for a copy of the database."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from klink.doctor.finding import CannotTell, Finding
from klink.doctor.scene import Scene
from klink.stats.health import bytes_in_words

__all__ = ["disk"]

_LITTLE_BYTES = 256 << 20
_FEW_FILES = 0.02  # of all


def disk(scene: Scene) -> Iterable[Finding]:
    """What is free where the data folder is, or will be."""
    folder = _nearest(scene.config.data_dir)
    try:
        found = scene.machine.disk(folder)
    except OSError as error:
        raise CannotTell(f"{folder} cannot be looked at: {error.strerror}") from None
    shown = f"{bytes_in_words(found.free)} of {bytes_in_words(found.size)} are free at {folder}"
    if found.free < _LITTLE_BYTES:
        yield Finding("disk-low", shown)
    elif (copy := _database_bytes(scene)) > found.free:
        yield Finding("disk-no-copy", f"{shown}; the database has {bytes_in_words(copy)}")
    if found.files and found.free_files < found.files * _FEW_FILES:
        yield Finding(
            "inodes-low", f"{found.free_files:,} of {found.files:,} files can still be made"
        )


def _nearest(folder: Path) -> Path:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def _database_bytes(scene: Scene) -> int:
    file = scene.database_file
    try:
        return 0 if file is None else file.stat().st_size
    except OSError:
        return 0
