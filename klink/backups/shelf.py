"""The folder of backups: which there are, which is the newest, and which may go."""

from __future__ import annotations

import logging
import re
import stat
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from klink.backups.container import peek
from klink.backups.errors import BackupUnusable
from klink.backups.manifest import Manifest

__all__ = ["Backup", "Keep", "listed", "name_of", "newest", "prune"]

log = logging.getLogger(__name__)

_NAME = re.compile(r"klink-(\d{8}T\d{6}Z)(?:-(\d{1,3}))?\.tar", re.ASCII)
_TIME = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup in the folder.

    :ivar at: when it was begun, aware UTC, as its name says.
    :ivar manifest: what it says of itself; None when it cannot be read.
    :ivar problem: why it is no good, '' when nothing is seen from outside.
    """

    path: Path
    at: datetime
    size_bytes: int
    manifest: Manifest | None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Keep:
    """Which backups stay: the newest of so many hours, days and weeks (UTC) that have any.

    And the newest one with an older schema than the newest of all, by which one may go back.

    :param max_bytes: what all of them may take, the oldest go first; None is without end.
    """

    hourly: int = 24
    daily: int = 7
    weekly: int = 4
    max_bytes: int | None = None


def name_of(at: datetime, number: int = 1) -> str:
    """The name of a backup.

    :param number: of several that were begun in the same second.
    """
    more = "" if number == 1 else f"-{number}"
    return f"klink-{at.astimezone(UTC).strftime(_TIME)}{more}.tar"


def listed(folder: Path) -> list[Backup]:
    """Every backup that klink made in this folder, the newest first."""
    return [_looked_at(path, at, size) for _, at, path, size in _files(folder)]


def newest(folder: Path) -> Backup | None:
    """The newest backup that is good, as far as a look at its beginning and size tells."""
    for _, at, path, size in _files(folder):
        found = _looked_at(path, at, size)
        if not found.problem:
            return found
    return None


def prune(folder: Path, keep: Keep) -> int:
    """Delete the backups that need not stay; return how many.

    Only files that are backups of klink's own making, by name and content. The newest good one
    stays, whatever ``keep`` says.
    """
    good = [each for each in listed(folder) if not each.problem]
    staying = {each.path for each in _staying(good, keep)}
    gone = 0
    for each in good:
        if each.path not in staying:
            try:
                each.path.unlink()
            except OSError as error:
                log.warning("the backup %s cannot be deleted: %s", each.path, error.strerror)
            else:
                gone += 1
    return gone


def _staying(good: Sequence[Backup], keep: Keep) -> list[Backup]:
    """Those that stay, the newest first."""
    by_span: Iterable[tuple[int, Callable[[datetime], object]]] = (
        (keep.hourly, lambda at: (at.date(), at.hour)),
        (keep.daily, lambda at: at.date()),
        (keep.weekly, lambda at: at.isocalendar()[:2]),
    )
    wanted = {good[0].path} if good else set()
    for count, span_of in by_span:
        spans: dict[object, Path] = {}
        for each in good:
            spans.setdefault(span_of(each.at), each.path)
        wanted.update(list(spans.values())[:count])
    schemas = [each.manifest.schema if each.manifest else 0 for each in good]
    older = [each.path for each, schema in zip(good, schemas, strict=True) if schema < schemas[0]]
    wanted.update(older[:1])  # the way back from an upgrade
    staying = [each for each in good if each.path in wanted]
    if keep.max_bytes is not None:
        while len(staying) > 1 and sum(each.size_bytes for each in staying) > keep.max_bytes:
            staying.pop()
    return staying


def _files(folder: Path) -> list[tuple[tuple[datetime, int], datetime, Path, int]]:
    """Files with such a name, the newest first; a link is somebody else's."""
    found = []
    try:
        entries = list(folder.iterdir())
    except OSError:  # there is none yet, or it cannot be read
        return []
    for path in entries:
        match = _NAME.fullmatch(path.name)
        if match is None:
            continue
        try:
            at = datetime.strptime(match[1], _TIME).replace(tzinfo=UTC)
            status = path.lstat()
        except (ValueError, OSError):  # no date, or gone meanwhile
            continue
        if stat.S_ISREG(status.st_mode):
            found.append(((at, int(match[2] or 1)), at, path, status.st_size))
    return sorted(found, reverse=True)


def _looked_at(path: Path, at: datetime, size: int) -> Backup:
    try:
        return Backup(path, at, size, peek(path))
    except BackupUnusable as error:
        return Backup(path, at, size, None, str(error))
