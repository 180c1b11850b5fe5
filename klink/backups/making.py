"""Making a backup while klink serves.

First the database, as it is at one moment; then the journal, which holds every click that was
answered until it is read. In between the journal is held, so that what the copy of the database
has not counted is still there. Then the whole file is restored into a temporary folder, and only
what comes back from there whole gets the name of a backup.
"""

from __future__ import annotations

import errno
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from klink.backups import container, working
from klink.backups.checking import check_apart
from klink.backups.errors import BackupFailed, BackupUnusable
from klink.backups.manifest import Manifest, Member
from klink.backups.packing import Packer, pieces_of, store
from klink.backups.shelf import Backup, name_of
from klink.backups.unpacking import need_room
from klink.clicks import holding
from klink.clicks.frames import HEADER_BYTES, header
from klink.clicks.journal_reader import segments_of
from klink.db import copying, dumping
from klink.db.connection import engine
from klink.db.size import sizes

__all__ = ["Check", "Source", "Watch", "make"]

Watch = Callable[[str, int, int], None]
"""Told what is being done, and how much of how much (0 of 0: nobody knows); what it raises ends
the work, and nothing of it stays."""

Check = Callable[[Path, Watch], None]
"""Restores a backup for a try; raises :class:`BackupUnusable` when that does not go well."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is backed up besides the bound database.

    :ivar data_dir: where ``journal`` and ``secret`` are.
    :ivar version: of this klink.
    :ivar check: tries each backup before it counts.
    """

    data_dir: Path
    version: str
    check: Check = check_apart


def make(
    source: Source,
    folder: Path,
    at: datetime,
    *,
    name: str | None = None,
    watch: Watch = lambda *_: None,
) -> Backup:
    """Make a backup of the bound database, the journal and the secret, and try it.

    :param folder: where it goes; made when it is not there.
    :param at: the time now.
    :param name: of the file; None: by the time.
    :raises BackupFailed: when it cannot be made; then nothing of it is left.
    :raises DatabaseBusy: when the database does not answer.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if name is not None:
            _refuse_taken(folder / name)
        with working.folder_in(folder) as work:
            draft = work / "draft" / "backup.tar"
            draft.parent.mkdir(mode=0o700)
            manifest = _write(source, work, draft, at, watch)
            source.check(draft, watch)
            path = _publish(draft, folder, at, name)
            return Backup(path, manifest.at, path.stat().st_size, manifest)
    except BackupUnusable as error:
        raise BackupFailed(f"the backup was no good and is thrown away: {error}") from error
    except OSError as error:
        raise BackupFailed(_words(error, folder)) from error
    except sqlite3.Error as error:
        raise BackupFailed(f"the database could not be copied to {folder}: {error}") from error


def _words(error: OSError, folder: Path) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"no room for a backup in {folder}; make room, or use another folder"
    return f"no backup can be made in {folder}: {error.strerror or error}"


def _write(source: Source, work: Path, draft: Path, at: datetime, watch: Watch) -> Manifest:
    """Collect the members and write them into one file."""
    members = work / "members"
    members.mkdir(mode=0o700)
    collect = _sqlite if engine() == "sqlite" else _postgresql
    manifest = collect(source, members, at, watch)
    container.write(draft, manifest, members, lambda done, of: watch("write", done, of))
    shutil.rmtree(members)
    return manifest


def _sqlite(source: Source, members: Path, at: datetime, watch: Watch) -> Manifest:
    size = sizes()
    size_bytes = size.data_bytes + (size.wal_bytes or 0)
    need_room(members, size_bytes * 3 // 2, "a backup")
    copy = members.parent / "copy"
    with holding.held(source.data_dir / "journal"):
        copying.copy_to(copy, lambda done, of: watch("copy", done, of))
        facts = copying.facts(copy)
        segments = _journal(source, members, facts, copying.positions(copy))
    rows = copying.row_counts(copy)
    length = copy.stat().st_size
    with _packing(members, "database.sqlite.gz") as packer:
        for piece in pieces_of(copy, length, lambda done: watch("pack", done, length)):
            packer.write(piece)
        database = packer.finish()
    copy.unlink()
    return _manifest(source, members, at, facts, [database, *segments], rows)


def _postgresql(source: Source, members: Path, at: datetime, watch: Watch) -> Manifest:
    need_room(members, sizes().data_bytes // 2, "a backup")
    packed: list[Member] = []
    rows: dict[str, int] = {}
    with holding.held(source.data_dir / "journal"), dumping.snapshot() as seen:
        for number, table in enumerate(seen.tables):
            with _packing(members, f"tables/{table.name}.copy.gz") as packer:
                rows[table.name] = seen.copy(table, packer.write)
                packed.append(packer.finish())
            watch("copy", number + 1, len(seen.tables))
        packed += _journal(source, members, seen.facts, seen.positions)
        columns = {table.name: table.columns for table in seen.tables}
    return _manifest(
        source, members, at, seen.facts, packed, rows, columns=columns, sequences=seen.sequences
    )


def _manifest(
    source: Source,
    members: Path,
    at: datetime,
    facts: Mapping[str, str],
    packed: list[Member],
    rows: Mapping[str, int],
    *,
    columns: Mapping[str, tuple[str, ...]] | None = None,
    sequences: Mapping[str, int | None] | None = None,
) -> Manifest:
    secret = source.data_dir / "secret"
    kept = [store(members, "secret", secret.read_bytes())] if secret.is_file() else []
    return Manifest(
        version=source.version,
        engine=engine(),
        schema=int(facts["schema"]),
        epoch=facts["epoch"],
        at=at.replace(microsecond=0),
        rows=dict(rows),
        columns=columns or {},
        sequences=sequences or {},
        members=(*packed, *kept),
    )


def _journal(
    source: Source, members: Path, facts: Mapping[str, str], positions: Mapping[str, int]
) -> list[Member]:
    """Pack the segments that the copy has not counted to their end.

    What is being written ends where it ends now; a half-written click has no answer yet.
    """
    ours = header(bytes.fromhex(facts["epoch"]))
    found = []
    for stream, segment, path in segments_of(source.data_dir / "journal"):
        if segment < positions.get(stream, 0):
            continue
        with path.open("rb") as file:
            if file.read(HEADER_BYTES) != ours:  # another database's, or nothing yet
                continue
        with _packing(members, f"journal/{stream}/{segment:08d}.log.gz") as packer:
            for piece in pieces_of(path, path.stat().st_size):
                packer.write(piece)
            found.append(packer.finish())
    return found


@contextmanager
def _packing(members: Path, name: str) -> Iterator[Packer]:
    packer = Packer(members, name)
    try:
        yield packer
    finally:
        packer.close()


def _publish(draft: Path, folder: Path, at: datetime, name: str | None) -> Path:
    """Give a good backup its name, in place of nothing; durable when this returns."""
    number = 1
    while True:
        path = folder / (name or name_of(at, number))
        try:
            _name(draft, path)
        except FileExistsError:
            if name is not None:
                raise _taken(path) from None
            number += 1
        else:
            working.sync(folder)
            return path


def _name(draft: Path, path: Path) -> None:
    try:
        path.hardlink_to(draft)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS):
            raise
        if os.path.lexists(path):  # a file system without links
            raise FileExistsError(path) from None
        draft.rename(path)


def _refuse_taken(path: Path) -> None:
    if os.path.lexists(path):
        raise _taken(path)


def _taken(path: Path) -> BackupFailed:
    return BackupFailed(f"there is {path} already; name another file, or move that one away")
