"""Backups: there, young enough, whole as far as is seen, and with a place to go."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from klink.backups import Backup, listed
from klink.core.times import from_ms
from klink.db import integrity
from klink.doctor.finding import Finding
from klink.doctor.scene import Scene
from klink.stats.health import span_in_words

__all__ = ["backups"]


def backups(scene: Scene) -> Iterable[Finding]:
    """The folder of backups, whoever makes them."""
    given, folder = scene.config.backups, scene.config.backup_folder
    found = listed(folder)
    good = [each for each in found if not each.problem]
    for each in found:
        if each.problem:
            yield Finding("backup-damaged", f"{each.path}: {each.problem}")
    if not given.enabled:
        if not good:
            yield Finding("backup-off", f"[backups] enabled is false, and {folder} has none")
        return
    if not _can_be_written(folder):
        yield Finding("backup-folder", f"{folder} cannot be written")
        return
    late = 2 * timedelta(seconds=given.every_s)
    if good:
        yield from _age(scene, good[0], late)
    elif (since := _made_at(scene)) is not None and scene.now - since > late:
        yield Finding("backup-none", f"there is none in {folder}")


def _age(scene: Scene, newest: Backup, late: timedelta) -> Iterable[Finding]:
    age = scene.now - newest.at
    if age <= late or not _has_changed_since(scene, newest.at):
        return
    yield Finding(
        "backup-old", f"the newest is {span_in_words(age.total_seconds())} old: {newest.path}"
    )


def _has_changed_since(scene: Scene, at: datetime) -> bool:
    """Whether a copy would hold more: beside a server that is stopped nothing happens."""
    if scene.server.state == "running":
        return True
    newest = integrity.newest_ms() if scene.database.state == "answers" else None
    return newest is not None and from_ms(newest) > at


def _made_at(scene: Scene) -> datetime | None:
    """When the database was made; None when nobody can tell."""
    made = integrity.made_ms() if scene.database.state == "answers" else None
    return None if made is None else from_ms(made)


def _can_be_written(folder: Path) -> bool:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK | os.X_OK)
