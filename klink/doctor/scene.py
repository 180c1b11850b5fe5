"""What the checks look at: read once, so that they agree."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from klink.config import Config
from klink.fetching import Fetcher
from klink.jobs import JobRun

__all__ = ["Database", "Disk", "Machine", "Scene", "Server"]

_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 512  # of struct timex, with room to spare


class Disk(NamedTuple):
    """A disk's room, in bytes and in files; ``files`` is 0 where that has no bound."""

    free: int
    size: int
    free_files: int
    files: int


def _disk(path: Path) -> Disk:
    found = os.statvfs(path)
    return Disk(
        found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize,
        found.f_favail, found.f_files,
    )  # fmt: skip


def _is_clock_kept() -> bool | None:
    """Whether somebody keeps this machine's clock right, as the kernel knows; None: unknown."""
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return None  # no Linux
    return None if state < 0 else state != _TIME_ERROR


@dataclass(frozen=True, slots=True)
class Machine:
    """What only the machine knows.

    :ivar disk: the room where a path is; raises ``OSError``.
    :ivar is_clock_kept: whether the clock is synchronised; None where nobody can tell.
    """

    disk: Callable[[Path], Disk] = _disk
    is_clock_kept: Callable[[], bool | None] = _is_clock_kept


class Database(NamedTuple):
    """How the database was met.

    :ivar reason: why not, when it does not answer.
    """

    state: Literal["answers", "missing", "away", "damaged"]
    reason: str = ""


class Server(NamedTuple):
    """What answers where klink is to listen.

    :ivar facts: what a running klink says of itself.
    """

    state: Literal["running", "stopped", "other", "unknown"]
    facts: Mapping[str, object] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Everything that checks look at.

    :ivar secret: the server's; None when there is none, or none that can be used.
    :ivar runs: the last run of each job.
    :ivar fetcher: asks the address that people use.
    """

    config: Config
    now: datetime
    secret: bytes | None
    database: Database
    server: Server
    fetcher: Fetcher
    runs: Mapping[str, JobRun] = field(default_factory=dict)
    machine: Machine = field(default_factory=Machine)

    @property
    def database_file(self) -> Path | None:
        """SQLite's file; None on PostgreSQL."""
        name = self.config.database.url.removeprefix("sqlite:///")
        return self.config.data_dir / name if name != self.config.database.url else None
