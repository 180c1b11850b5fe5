"""Trying a backup: restoring it into a temporary folder, as far as that goes without a server."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from klink.backups import container, working
from klink.backups.errors import BackupUnusable
from klink.backups.folding import records_in
from klink.backups.manifest import Manifest
from klink.backups.unpacking import (
    JOURNAL,
    check_schema,
    contents,
    need_room,
    ready_sqlite,
    unpack,
)
from klink.clicks.enrich import Enricher
from klink.clicks.journal_reader import Position, StreamReader

__all__ = ["Checked", "check", "check_apart", "check_gently"]

_LOOK_UP_S = 0.25
_NICE = 10

Watch = Callable[[str, int, int], None]


class Checked(NamedTuple):
    """What a backup gave.

    :ivar visits: that were in the journal and not in the database.
    :ivar set_aside: of these, how many could not be folded.
    """

    manifest: Manifest
    visits: int
    set_aside: int


def check(path: Path, now: datetime, watch: Watch = lambda *_: None) -> Checked:
    """Restore a backup into a temporary folder beside it, and throw that away.

    SQLite: all of it, integrity and journal too, which binds the database there meanwhile.
    PostgreSQL: the file, and that each table has as many rows as it should; where to put them
    only a server knows.

    :raises BackupUnusable: when it is no good.
    :raises OSError: when there is no room to try it, among others.
    """
    with (
        container.opened(path, lambda done, of: watch("verify", done, of)) as sealed,
        working.folder_in(path.absolute().parent) as work,
    ):
        check_schema(sealed)
        manifest = sealed.manifest
        if manifest.engine == "sqlite":
            need_room(work, manifest.unpacked, "to try the backup")
        unpack(sealed, work, lambda done, of: watch("unpack", done, of))
        if manifest.engine == "postgresql":
            _count_rows(sealed)
            return Checked(manifest, _read_journal(work, manifest), 0)
        watch("check", 0, 0)
        visits = ready_sqlite(manifest, work, Enricher(_nowhere), now, work / "set-aside")
        return Checked(manifest, visits.found, visits.set_aside)


def check_gently(path: Path, watch: Watch) -> None:
    """As :func:`check_apart`, after everybody who has work for the processor."""
    check_apart(path, watch, nice=_NICE)


def check_apart(path: Path, watch: Watch, *, nice: int = 0) -> None:
    """The same in a process of its own: the database here stays bound.

    :param nice: its priority, as ``nice`` has it.
    :raises BackupUnusable: as :func:`check`.
    """
    program = (
        [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-Pm", "klink"]
    )
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*program, "restore", "--check", "--json", str(path.absolute())],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    if nice:
        with suppress(OSError):  # it has ended already
            os.setpriority(os.PRIO_PROCESS, process.pid, nice)
    try:
        while True:
            try:
                _, told = process.communicate(timeout=_LOOK_UP_S)
                break
            except subprocess.TimeoutExpired:
                watch("check", 0, 0)
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()
    if process.returncode:
        lines = told.decode(errors="replace").strip().splitlines() or ["it ended without a word"]
        raise BackupUnusable(lines[-1].removeprefix("klink: ")[:400])


def _nowhere(_: str) -> str:
    """Countries do not matter to a try."""
    return ""


def _count_rows(sealed: container.Sealed) -> None:
    """Each row of COPY's text is a line."""
    members = {each.name: each for each in sealed.manifest.members}
    for table, wanted in sealed.manifest.rows.items():
        member = members[f"tables/{table}.copy.gz"]
        found = sum(piece.count(b"\n") for piece in contents(sealed, member))
        if found != wanted:
            raise BackupUnusable(f"{sealed.path} has {found} rows of {table}, not {wanted}")


def _read_journal(work: Path, manifest: Manifest) -> int:
    """Read every segment to its end; return how many visits they hold, counted ones too."""
    root, visits = work / JOURNAL, 0
    for stream in sorted(root.iterdir()) if root.is_dir() else ():
        reader = StreamReader(stream, bytes.fromhex(manifest.epoch))
        position, at_tail = Position(stream.name, 0, 0), False
        while not at_tail:
            payloads, position, at_tail = reader.read(position, 1 << 20)
            visits += sum(map(records_in, payloads))
    return visits
