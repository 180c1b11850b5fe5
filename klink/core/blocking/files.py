"""Blocklists in files: kept in memory, and read anew when a file changes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from klink.core.blocking.hashed import HashedSet
from klink.core.blocking.names import Asked
from klink.core.blocking.reading import NOTHING, Meaning, lines_of, meaning

__all__ = ["FileStatus", "ListFile", "ListFiles", "load"]

log = logging.getLogger(__name__)

_CHUNK = 64 * 1024
_LINES_A_STEP = 1_000

Signature = tuple[int, int, int]
"""Size, time of the last change, and number of a file: other ones, and it is read anew."""


class BrokenList(Exception):
    """A file that is no blocklist."""


@dataclass(frozen=True, slots=True)
class ListFile:
    """What a file says."""

    hosts: HashedSet
    urls: HashedSet
    excepted: HashedSet

    def find(self, asked: Asked) -> tuple[str, str] | None:
        """What it names the destination by: ``host`` or ``url``, and the text."""
        found = next((("host", each) for each in asked.hosts if each in self.hosts), None)
        if found is None:
            found = next((("url", each) for each in asked.urls if each in self.urls), None)
        if found is not None and any(each in self.excepted for each in asked.hosts):
            return None
        return found

    def __len__(self) -> int:
        return len(self.hosts) + len(self.urls)


@dataclass(frozen=True, slots=True)
class FileStatus:
    """How a list stands.

    :ivar problem: why it could not be read the last time; then what was read before counts.
    """

    name: str
    entries: int
    problem: str | None


@dataclass(slots=True)
class _State:
    """One file: what was read of it, and what it looked like then."""

    path: Path
    signature: Signature | None = None
    content: ListFile | None = None
    problem: str | None = None
    told: set[str] = field(default_factory=set)


class ListFiles:
    """The blocklists in files; :meth:`find` may be asked while :meth:`refresh` reads.

    :param paths: absolute.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        self._states = [_State(path) for path in paths]

    def changed_bytes(self) -> int | None:
        """How much there is to read anew; None for nothing."""
        now = [(state.signature, _signature(state.path)) for state in self._states]
        sizes = [max(found[0], 0) for known, found in now if found != known]
        return sum(sizes) if sizes else None

    def refresh(self, rest: Callable[[], None]) -> None:
        """Read what has changed. What cannot be read stays as it was, and the log says so once.

        :param rest: called every few milliseconds of work.
        """
        for state in self._states:
            signature = _signature(state.path)
            if signature == state.signature:
                continue
            state.signature = signature
            try:
                state.content = load(state.path, rest)
            except BrokenList as error:
                _tell(state, str(error))
            except OSError as error:
                state.signature = None  # it may become readable and look the same
                _tell(state, error.strerror or str(error))
            else:
                state.problem = None
                state.told.clear()
                log.info("read %d entries of the blocklist %s", len(state.content), state.path)

    def find(self, asked: Asked) -> tuple[str, str, str] | None:
        """The first list that names the destination: its name, ``host`` or ``url``, the text."""
        for state in self._states:
            found = state.content.find(asked) if state.content is not None else None
            if found is not None:
                return state.path.name, *found
        return None

    @property
    def are_known(self) -> bool:
        """Whether it is known of each what it says, or said before it broke."""
        return all(state.content is not None for state in self._states)

    def fingerprint(self) -> list[object]:
        """What changes whenever what the files say does."""
        return [[str(state.path), state.signature, state.problem] for state in self._states]

    def status(self) -> list[FileStatus]:
        """How each list stands."""
        return [
            FileStatus(s.path.name, len(s.content) if s.content else 0, s.problem)
            for s in self._states
        ]


def _tell(state: _State, problem: str) -> None:
    state.problem = problem
    if problem not in state.told:
        state.told.add(problem)
        kept = "what it said before still counts" if state.content else "it blocks nothing"
        log.warning("the blocklist %s cannot be used: %s; %s", state.path, problem, kept)


def _signature(path: Path) -> Signature:
    try:
        found = path.stat()
    except OSError:
        return (-1, -1, -1)
    return found.st_size, found.st_mtime_ns, found.st_ino


def load(path: Path, rest: Callable[[], None]) -> ListFile:
    """Read a list, a piece at a time; each entry takes eight bytes.

    :raises OSError: it cannot be read.
    :raises BrokenList: most of it is nothing that stands in a list.
    """
    made = ListFile(HashedSet(), HashedSet(), HashedSet())
    understood = strange = 0
    with path.open("rb") as file:
        for number, line in enumerate(lines_of(iter(lambda: file.read(_CHUNK), b"")), 1):
            found = meaning(line)
            if found is None:
                strange += 1
            elif found is not NOTHING:
                understood += 1
                _add(made, found)
            if number % _LINES_A_STEP == 0:
                rest()
    if strange > understood:
        raise BrokenList(f"{strange} of its lines are of no blocklist")
    for _ in _sorted(made):
        rest()
    return made


def _add(made: ListFile, found: Meaning) -> None:
    for host in found.hosts:
        made.hosts.add(host)
    for url in found.urls:
        made.urls.add(url)
    for host in found.excepted:
        made.excepted.add(host)


def _sorted(made: ListFile) -> Iterator[None]:
    for each in (made.hosts, made.urls, made.excepted):
        yield from each.sort()
