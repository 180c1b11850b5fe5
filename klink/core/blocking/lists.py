"""The server's own lists: what the configuration names, and the files that it points to."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from klink.core.blocking.files import FileStatus, ListFiles
from klink.core.blocking.looks import Brands
from klink.core.blocking.names import Asked
from klink.core.blocking.rules import Rules

__all__ = ["Blocklists", "Finding"]

LOOK_EVERY_S = 5.0
"""How often, while destinations are asked about, it is looked whether a file has changed."""

SOON_READ_BYTES = 1 << 18
"""So much whoever asks waits for, some milliseconds; more is read beside them."""

_REST_S = 0.001
_MAX_REMEMBERED = 256

_KINDS = {"host": "hosts", "pattern": "patterns", "url": "URLs"}


@dataclass(frozen=True, slots=True)
class Finding:
    """Why a destination is refused.

    :ivar kind: ``host``, ``pattern``, ``url``, or ``looks`` for one that looks like a brand.
    :ivar is_servers: whether a list of the server says so, which no workspace overrules.
    :ivar where: which list, for the operator: ``configuration``, ``entries``, a file's name.
    :ivar value: what the list has, or the brand.
    """

    kind: str
    is_servers: bool
    where: str
    value: str

    @property
    def words(self) -> str:
        """What people are told: by what kind of list, not what stands in it."""
        if self.kind == "looks":
            return f"looks like {self.value}, but is another host; check how it is spelled"
        whose = "this server's" if self.is_servers else "this workspace's"
        return f"is blocked by {whose} list of {_KINDS[self.kind]}"


def _in_background(work: Callable[[], None]) -> None:
    threading.Thread(target=work, name="klink-blocklists", daemon=True).start()


class Blocklists:
    """The lists of the configuration; safe to use from several threads.

    Files are read when they are first needed, and anew by a thread of its own once they have
    changed, unless they are small; until it is through, what was read before counts.

    :param hosts: plain hosts; ``patterns`` as :func:`~klink.core.blocking.rules.pattern_value`
        gives them.
    :param files: absolute paths.
    :param brands: hosts and words that destinations must not look like.
    :param clock: monotonic seconds.
    :param start: runs what it is given beside the caller.
    """

    def __init__(
        self,
        hosts: Sequence[str] = (),
        patterns: Sequence[str] = (),
        files: Sequence[Path] = (),
        brands: Sequence[str] = (),
        *,
        clock: Callable[[], float] = time.monotonic,
        start: Callable[[Callable[[], None]], None] = _in_background,
    ) -> None:
        self._said = [sorted(hosts), sorted(patterns), sorted(brands)]
        self._rules = Rules([*hosts, *patterns])
        self._brands = Brands(brands)
        self._files = ListFiles(files)
        self._has_files = bool(files)
        self._clock, self._start = clock, start
        self._reading = threading.Lock()
        self._is_ready = not files
        self._is_on_its_way = False
        self._next_look_s = -1.0
        self._remembered: OrderedDict[int, tuple[str, object]] = OrderedDict()
        self._remembering = threading.Lock()

    def find(self, asked: Asked) -> Finding | None:
        """What of the configuration or its files names the destination."""
        found = self._rules.find(asked)
        if found is not None:
            return Finding(found[0], True, "configuration", found[1])
        if self._has_files:
            self.look()
            in_file = self._files.find(asked)
            if in_file is not None:
                return Finding(in_file[1], True, in_file[0], in_file[2])
        brand = self._brands.like(asked.host)
        return None if brand is None else Finding("looks", True, "brands", brand)

    def look(self) -> None:
        """Read the files when that was never done, and begin to when they have changed."""
        now_s = self._clock()
        if not self._is_ready:
            self.refresh()
            self._next_look_s = now_s + LOOK_EVERY_S
        elif now_s >= self._next_look_s:
            self._next_look_s = now_s + LOOK_EVERY_S
            if self._is_on_its_way:
                return
            changed_bytes = self._files.changed_bytes()
            if changed_bytes is None:
                return
            if changed_bytes <= SOON_READ_BYTES:
                self.refresh()
            else:
                self._is_on_its_way = True
                self._start(self._refresh_gently)

    def refresh(self) -> None:
        """Read what has changed, at once; whoever asks meanwhile waits for the first time only."""
        self._refresh(lambda: None)

    def _refresh_gently(self) -> None:
        """The same with pauses, in which others may compute."""
        try:
            self._refresh(lambda: time.sleep(_REST_S))
        finally:
            self._is_on_its_way = False

    def _refresh(self, rest: Callable[[], None]) -> None:
        with self._reading:
            self._files.refresh(rest)
            self._is_ready = True

    @property
    def are_known(self) -> bool:
        """Whether every file was read once; one that was broken from the start says nothing yet."""
        return self._files.are_known

    def fingerprint(self) -> str:
        """What changes whenever these lists do."""
        told = json.dumps([self._said, self._files.fingerprint()])
        return hashlib.sha256(told.encode()).hexdigest()

    def status(self) -> list[FileStatus]:
        """How each file stands."""
        self.look()
        return self._files.status()

    def remembered(self, key: int, version: str, make: Callable[[], object]) -> object:
        """What ``make`` gave for this key and version; kept for the keys used last."""
        with self._remembering:
            known = self._remembered.get(key)
            if known is not None and known[0] == version:
                self._remembered.move_to_end(key)
                return known[1]
        made = make()
        with self._remembering:
            self._remembered[key] = (version, made)
            self._remembered.move_to_end(key)
            if len(self._remembered) > _MAX_REMEMBERED:
                self._remembered.popitem(last=False)
        return made
