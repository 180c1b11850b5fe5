"""One batch of journal payloads into the database, together with the position behind it.

A record that cannot be folded is found by halving, kept as a line in a file, and counted;
it never stops the rest.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from klink.clicks.enrich import PERSON, Enricher, kind_of, referrer_host
from klink.clicks.journal_reader import Position
from klink.clicks.record import Flag
from klink.db.connection import DatabaseBusy, read, savepoint, write
from klink.db.fold import (
    AgentFacts,
    Folded,
    Lookups,
    checkpoint,
    count,
    fold,
    is_about_data,
    prepare,
)
from klink.db.models import JournalPosition

__all__ = ["BatchFolder"]

log = logging.getLogger(__name__)

# Plain integers: an IntFlag's own `&` takes a microsecond.
_VIEW, _CLICK = int(Flag.VIEW), int(Flag.CLICK)


class _Unfoldable(Exception):
    """A batch holds a record that cannot be folded."""


class BatchFolder:
    """Folds batches, of whatever stream.

    :ivar set_aside: records that could not be folded, so far.
    :ivar held_s: how long the last fold was in the way of others who want to write, seconds.
    :param set_aside_path: the file they are kept in, a JSON object a line.
    :param clock: the time now, aware UTC.
    """

    def __init__(
        self, enricher: Enricher, set_aside_path: Path, clock: Callable[[], datetime]
    ) -> None:
        self.set_aside = 0
        self.held_s = 0.0
        self._lookups = _lookups(enricher)
        self._path = set_aside_path
        self._clock = clock

    def fold(self, payloads: Sequence[bytes], position: Position) -> Folded:
        """Count what ``payloads`` hold and store ``position``, in one transaction.

        :raises DatabaseBusy: among others, when it cannot be done now; then nothing is
            counted, unless it was the commit's answer that got lost.
        """
        try:
            with read(), _unfoldable():
                folded = prepare(_json(payloads), self._lookups)
            with write():
                began_s = time.monotonic()
                self._count_whole(folded)
                self._store(position)
            self.held_s = time.monotonic() - began_s
        except _Unfoldable:  # never of the commit, after which nobody knows what holds
            return self._fold_apart(payloads, position)
        with suppress(DatabaseBusy), read():  # the next one will do it
            checkpoint()
        return folded

    def stored(self, stream: str) -> Position:
        """Up to where a stream is folded.

        :raises DatabaseBusy: when the database does not answer.
        """
        with read():
            row = JournalPosition.get_or_none(JournalPosition.stream == stream)
        return Position(stream, row.segment, row.offset) if row else Position(stream, 0, 0)

    def forget(self, stream: str) -> None:
        """Forget the position of a stream that is no more."""
        with write():
            JournalPosition.delete().where(JournalPosition.stream == stream).execute()

    def _count_whole(self, folded: Folded) -> None:
        # No savepoint: SQLite would copy every page that changes.
        with _unfoldable():
            count(folded)

    def _store(self, position: Position) -> None:
        values = {
            JournalPosition.segment: position.segment,
            JournalPosition.offset: position.offset,
            JournalPosition.updated_at: self._clock(),
        }
        JournalPosition.insert({JournalPosition.stream: position.stream, **values}).on_conflict(
            conflict_target=[JournalPosition.stream], update=values
        ).execute()

    def _fold_apart(self, payloads: Sequence[bytes], position: Position) -> Folded:
        """Fold what can be folded and set the rest aside."""
        records = [record for payload in payloads for record in _records(payload)]
        aside: list[tuple[bytes, Exception]] = []
        with write():
            folded = self._halve(records, aside)
            self._store(position)
            # Before the commit: after a crash a line may stand there twice, but none is missing.
            self._keep(aside)
        self.set_aside += len(aside)
        for _, error in aside[:1]:
            log.error("%d records could not be folded; see %s: %s", len(aside), self._path, error)
        return folded

    def _halve(self, records: Sequence[bytes], aside: list[tuple[bytes, Exception]]) -> Folded:
        try:
            with savepoint():
                return fold(_json(records), self._lookups)
        except Exception as error:
            if not is_about_data(error):
                raise
            if len(records) == 1:
                with savepoint():
                    fold(
                        _json([]), self._lookups
                    )  # when even nothing cannot be folded, it is not the record
                aside.append((records[0], error))
                return Folded(0, 0)
        half = len(records) // 2
        parts = [self._halve(part, aside) for part in (records[:half], records[half:])]
        return Folded(sum(part.visits for part in parts), max(part.latest_at for part in parts))

    def _keep(self, aside: list[tuple[bytes, Exception]]) -> None:
        if not aside:
            return
        lines = [
            {
                "at": self._clock().isoformat(),
                "error": f"{type(error).__name__}: {error}"[:200],
                "record": record.decode("ascii", "backslashreplace"),
            }
            for record, error in aside
        ]
        fd = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w", encoding="ascii") as file:
            file.writelines(json.dumps(line) + "\n" for line in lines)


@contextmanager
def _unfoldable() -> Iterator[None]:
    """Turn what is the fault of a record into :class:`_Unfoldable`."""
    try:
        yield
    except Exception as error:
        if is_about_data(error):
            raise _Unfoldable from error
        raise


def _json(records: Sequence[bytes]) -> str:
    return "[" + b",".join(records).decode("ascii") + "]"


def _records(payload: bytes) -> list[bytes]:
    """The records of a payload; the payload itself when it is no JSON."""
    try:
        values = json.loads(b"[" + payload + b"]")
    except (ValueError, RecursionError):
        return [payload]
    return [json.dumps(value, separators=(",", ":")).encode("ascii") for value in values]


def _lookups(enricher: Enricher) -> Lookups:
    def agent(user_agent: str, flags: int) -> AgentFacts:
        kind, reason = kind_of(flags, user_agent)
        return AgentFacts(
            user_agent,
            flags,
            kind,
            reason,
            int(kind == PERSON and flags & _CLICK != 0),  # only persons make clicks
            int(flags & _VIEW != 0),
            *_device_browser_os(enricher, user_agent),
        )

    return Lookups(agent, enricher.country, referrer_host)


def _device_browser_os(enricher: Enricher, user_agent: str) -> tuple[str, str, str]:
    agent = enricher.agent(user_agent)
    return agent.device, agent.browser, agent.os
