"""A backup's members as files again, below a folder that nobody else looks into."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path

from klink.backups.container import Sealed
from klink.backups.errors import BackupFailed, BackupUnusable, RestoreRefused
from klink.backups.folding import Visits, fold_all
from klink.backups.manifest import Manifest, Member
from klink.backups.packing import TooLong, unpacked
from klink.clicks.enrich import Enricher
from klink.db import copying, migrate
from klink.db.connection import connect, disconnect

__all__ = [
    "DATABASE",
    "JOURNAL",
    "SECRET",
    "check_schema",
    "contents",
    "need_room",
    "ready_sqlite",
    "unpack",
]

DATABASE, JOURNAL, SECRET = "database", "journal", "secret"
_SPARE_BYTES = 16 << 20

Progress = Callable[[int, int], None]


def check_schema(sealed: Sealed) -> None:
    """Refuse what this klink cannot read.

    :raises RestoreRefused: when the backup's database is newer.
    """
    manifest, known = sealed.manifest, migrate.available()[-1][0]
    if manifest.schema > known:
        raise RestoreRefused(
            f"{sealed.path} holds a database with schema {manifest.schema}, made by klink "
            f"{manifest.version}; this klink knows up to {known}: restore it by the newer one"
        )


def need_room(folder: Path, needed: int, what: str) -> None:
    """Refuse what would fill the disk.

    :param what: begins the sentence.
    :raises BackupFailed: when less is free below ``folder``.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE_BYTES:
        raise BackupFailed(
            f"{what} takes about {_mib(needed + _SPARE_BYTES)} for a while, and in {folder} "
            f"{_mib(free)} are free; make room, or use another folder"
        )


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.0f} MiB"


def unpack(sealed: Sealed, folder: Path, progress: Progress) -> None:
    """Unpack database, journal and secret of a backup; tables stay where they are.

    :param folder: gets ``database``, ``journal/…`` and ``secret``, as far as there are any.
    :raises BackupUnusable: when a member is not what it should be.
    :raises OSError: when something cannot be written.
    """
    total = sealed.manifest.unpacked
    done = 0
    for member in sealed.manifest.members:
        target = _place(member, folder)
        if target is None:
            continue
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            for piece in contents(sealed, member):
                file.write(piece)
                done += len(piece)
                progress(done, total)
            file.flush()
            os.fsync(file.fileno())


def contents(sealed: Sealed, member: Member) -> Iterator[bytes]:
    """The bytes of a member, unpacked."""
    pieces = sealed.pieces(member)
    try:
        yield from unpacked(pieces, member.unpacked) if member.name.endswith(".gz") else pieces
    except TooLong as error:
        raise BackupUnusable(
            f"{sealed.path} is no good: {member.name} is not as long as it should be"
        ) from error


def _place(member: Member, folder: Path) -> Path | None:
    """Where a member goes; names were held against a list when the manifest was read."""
    if member.name.startswith("tables/"):
        return None
    if member.name == "database.sqlite.gz":
        return folder / DATABASE
    return folder / member.name.removesuffix(".gz")


def ready_sqlite(
    manifest: Manifest, folder: Path, enricher: Enricher, now: datetime, aside: Path
) -> Visits:
    """Make an unpacked SQLite database whole: look at it, migrate it, fold its journal.

    Binds the database in ``folder`` and lets go of it again.

    :param aside: the file for records that cannot be folded.
    :raises BackupUnusable: when it is not what was backed up.
    """
    file = folder / DATABASE
    trouble = copying.integrity(file)
    if trouble:
        raise BackupUnusable(f"the database in the backup is damaged: {trouble[:200]}")
    rows = copying.row_counts(file)
    if rows != dict(manifest.rows):
        differing = sorted(set(rows.items()) ^ set(manifest.rows.items()))
        raise BackupUnusable(f"the backup lacks rows of its database: {differing[0][0]}")
    connect(f"sqlite:///{DATABASE}", folder)
    try:
        migrate.migrate()
        visits = fold_all(folder / JOURNAL, bytes.fromhex(manifest.epoch), enricher, now, aside)
        copying.tidy()
    finally:
        disconnect()
    return visits
