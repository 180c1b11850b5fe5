"""Putting a backup where the data is: verified first, made whole beside, and then in one move.

What was there before is kept. Nobody may run klink on it meanwhile; whoever calls holds the data
folder.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from klink.backups import container, working
from klink.backups.container import Sealed
from klink.backups.errors import BackupUnusable, RestoreRefused
from klink.backups.folding import Visits, fold_all
from klink.backups.manifest import Manifest
from klink.backups.unpacking import (
    DATABASE,
    JOURNAL,
    SECRET,
    check_schema,
    contents,
    need_room,
    ready_sqlite,
    unpack,
)
from klink.clicks.enrich import Enricher
from klink.clicks.holding import HOLD_NAME
from klink.clicks.journal_reader import LOCK_NAME, try_lock
from klink.db import copying, dumping, migrate, search_index
from klink.db.connection import connect, disconnect, write

__all__ = ["Restored", "Target", "restore"]

Watch = Callable[[str, int, int], None]

_LOCKS = (HOLD_NAME, LOCK_NAME)
_BESIDE = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Target:
    """Where a backup goes.

    :ivar url: of the database.
    :ivar file: of the database; None: it is PostgreSQL's.
    """

    data_dir: Path
    url: str
    file: Path | None


class Restored(NamedTuple):
    """What became of it.

    :ivar kept: where what was there before is now: a folder or two, and on PostgreSQL a schema;
        none when nothing was.
    """

    manifest: Manifest
    visits: Visits
    kept: tuple[str, ...]


def restore(
    path: Path,
    target: Target,
    enricher: Enricher,
    now: datetime,
    *,
    force: bool = False,
    watch: Watch = lambda *_: None,
) -> Restored:
    """Restore a backup; the database is not bound afterwards.

    :param enricher: says which countries the visits of its journal came from.
    :param force: put it in place of a database that is there.
    :raises BackupUnusable: when it is no good.
    :raises RestoreRefused: when it cannot be restored here. Nothing was touched then either.
    :raises BackupFailed: when there is no room.
    :raises OSError: when the disk refuses.
    """
    with container.opened(path, lambda done, of: watch("verify", done, of)) as sealed:
        check_schema(sealed)
        _check_engine(sealed, target)
        _refuse_living(target.data_dir / JOURNAL)
        aside = _unused(target, f"before-restore-{now:%Y%m%dT%H%M%SZ}")
        if target.file is None:
            return _into_postgresql(sealed, target, enricher, now, aside, watch, force=force)
        if not force and target.file.exists() and target.file.stat().st_size:
            raise RestoreRefused(
                f"there is a database in {target.file} already; --force puts the backup in its "
                "place and keeps the old one beside it"
            )
        return _into_sqlite(sealed, target, target.file, enricher, now, aside, watch)


def _unused(target: Target, name: str) -> str:
    """A name for what is kept that no folder has."""
    folders = {target.data_dir} if target.file is None else {target.data_dir, target.file.parent}
    number, found = 1, name
    while any((folder / found).exists() for folder in folders):
        number += 1
        found = f"{name}-{number}"
    return found


def _check_engine(sealed: Sealed, target: Target) -> None:
    here = "postgresql" if target.file is None else "sqlite"
    found = sealed.manifest.engine
    if found != here:
        names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        raise RestoreRefused(
            f"{sealed.path} is a backup of {names[found]}, and [database] url is one of "
            f"{names[here]}'s; set one of {names[found]}'s"
        )


def _refuse_living(journal: Path) -> None:
    """Refuse while a process writes into the journal."""
    for lock in journal.glob(f"*/{LOCK_NAME}"):
        fd = try_lock(lock)
        if fd is None:
            raise RestoreRefused(f"a server writes into {journal}; stop it first")
        os.close(fd)


def _into_sqlite(
    sealed: Sealed,
    target: Target,
    file: Path,
    enricher: Enricher,
    now: datetime,
    aside: str,
    watch: Watch,
) -> Restored:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with working.folder_in(file.parent) as work:
        need_room(work, sealed.manifest.unpacked, "the restored database")
        unpack(sealed, work, lambda done, of: watch("unpack", done, of))
        watch("check", 0, 0)
        visits = ready_sqlite(sealed.manifest, work, enricher, now, work / "set-aside.jsonl")
        _begin_new_life(work)
        kept = _put(work, target, file, aside)
    return Restored(sealed.manifest, visits, kept)


def _begin_new_life(work: Path) -> None:
    """Make what the journal here holds, and positions in it, nothing of this database's."""
    connect(f"sqlite:///{DATABASE}", work)
    try:
        migrate.new_epoch()
        copying.tidy()
    finally:
        disconnect()


def _put(work: Path, target: Target, file: Path, aside: str) -> tuple[str, ...]:
    """Put database and secret in place of what is there; the one move that counts is the first.

    A crash before it leaves the old database, one after it the new one, and never one's log
    beside the other.
    """
    kept = []
    if file.exists():
        with suppress(sqlite3.Error), copying.opened(file) as old:  # or the log is kept, too
            old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        folder = _folder(file.parent / aside)
        (folder / file.name).hardlink_to(file)
        for end in _BESIDE:
            beside = file.with_name(file.name + end)
            if beside.exists():
                beside.rename(folder / beside.name)
        working.sync(folder)
        kept.append(str(folder))
    (work / DATABASE).replace(file)
    working.sync(file.parent)
    kept += _put_rest(work, target.data_dir, aside)
    return tuple(dict.fromkeys(kept))


def _put_rest(work: Path, data_dir: Path, aside: str) -> list[str]:
    """The secret in place of the one that is there, and the old journal out of the way."""
    kept = []
    data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    secret, journal = data_dir / SECRET, data_dir / JOURNAL
    if (work / SECRET).exists():
        if secret.exists() and secret.read_bytes() != (work / SECRET).read_bytes():
            secret.rename(_folder(data_dir / aside) / SECRET)
            kept.append(str(data_dir / aside))
        _move(work / SECRET, secret)
    if journal.is_dir() and any(path.name not in _LOCKS for path in journal.iterdir()):
        journal.rename(_folder(data_dir / aside) / JOURNAL)
        kept.append(str(data_dir / aside))
    set_aside = work / "set-aside.jsonl"
    if set_aside.exists():
        journal.mkdir(mode=0o700, exist_ok=True)
        _move(set_aside, journal / set_aside.name)
    working.sync(data_dir)
    return kept


def _move(source: Path, target: Path) -> None:
    """Put a small file somewhere, perhaps on another disk, whole or not at all."""
    draft = target.with_name(f".{target.name}.new")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(source.read_bytes())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(target)


def _folder(path: Path) -> Path:
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def _into_postgresql(
    sealed: Sealed,
    target: Target,
    enricher: Enricher,
    now: datetime,
    aside: str,
    watch: Watch,
    *,
    force: bool,
) -> Restored:
    target.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    schema = aside.replace("-", "_").lower()
    with working.folder_in(target.data_dir) as work:
        unpack(sealed, work, lambda done, of: watch("unpack", done, of))
        connect(target.url, target.data_dir)
        try:
            if dumping.others():
                raise RestoreRefused("other klink processes use the database; stop them first")
            is_filled = migrate.schema_version() > 0
            if is_filled and not force:
                raise RestoreRefused(
                    "there is a klink in the database already; --force puts the backup in its "
                    "place and keeps the old tables in a schema of their own"
                )
            with write():
                if is_filled:
                    dumping.move_aside(schema)
                _fill(sealed, watch)
                migrate.migrate_to(migrate.available()[-1][0])
                epoch = bytes.fromhex(sealed.manifest.epoch)
                visits = fold_all(work / JOURNAL, epoch, enricher, now, work / "set-aside.jsonl")
                migrate.new_epoch()
            search_index.ensure()
        finally:
            disconnect()
        kept = [f"the schema {schema} of the database"] if is_filled else []
        kept += _put_rest(work, target.data_dir, aside)
    return Restored(sealed.manifest, visits, tuple(dict.fromkeys(kept)))


def _fill(sealed: Sealed, watch: Watch) -> None:
    """Make the tables as they were when the backup was made, and load them."""
    manifest = sealed.manifest
    migrate.migrate_to(manifest.schema)
    here = set(dumping.tables())
    if strange := manifest.columns.keys() - here:
        raise BackupUnusable(f"{sealed.path} has a table that klink does not know: {min(strange)}")
    dumping.empty(sorted(here))
    members = {each.name: each for each in manifest.members}
    for number, (name, columns) in enumerate(manifest.columns.items()):
        pieces = contents(sealed, members[f"tables/{name}.copy.gz"])
        count = dumping.load(dumping.Table(name, columns), pieces)
        if count != manifest.rows[name]:
            raise BackupUnusable(f"{sealed.path} has {count} rows of {name}, not all")
        watch("load", number + 1, len(manifest.columns))
    dumping.set_sequences(manifest.sequences)
