"""One batch of journal payloads into the database, together with the position behind it.

A record that cannot be folded is found by halving, kept as a line in a file, and counted;
it never stops the rest.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from klink.clicks.enrich import PERSON, Enricher, kind_of, referrer_host
from klink.clicks.journal_reader import Position
from klink.clicks.recent import RecentClicks
from klink.clicks.record import ClickRecord, Flag
from klink.db.connection import DatabaseBusy, read, savepoint, write
from klink.db.fold import (
    WHOLE,
    AgentFacts,
    Folded,
    Lookups,
    Part,
    checkpoint,
    clicked_minutes,
    count,
    counted_kinds,
    fold,
    is_about_data,
    load,
    part_from,
    prepare,
)
from klink.db.models import JournalPosition

__all__ = ["TARGET_S", "BatchFolder", "Unfinished"]

TARGET_S = 0.25
"""How long a part of a batch keeps others from writing, about."""

_LINK_ID = ClickRecord._fields.index("link_id")

log = logging.getLogger(__name__)

# Plain integers: an IntFlag's own `&` takes a microsecond.
_VIEW, _CLICK = int(Flag.VIEW), int(Flag.CLICK)


class _Unfoldable(Exception):
    """A batch holds a record that cannot be folded."""


class Unfinished(NamedTuple):
    """How far a batch is folded of which only some parts are.

    :ivar end_offset: where the batch ends, in the segment of its position.
    :ivar done_to: links with a smaller id are folded.
    """

    end_offset: int
    done_to: int


_ALL = Unfinished(0, 0)


Minutes = list[tuple[int, int, int]]
"""As :meth:`klink.clicks.recent.RecentClicks.add` takes them."""


class _Told(NamedTuple):
    """What the numbers in memory learn once a batch that was folded apart is committed."""

    kinds: Counter[int]
    minutes: Minutes


class _Task(NamedTuple):
    """A batch to fold: from where it begins to where it ends, and what is done of it."""

    payloads: Sequence[bytes]
    begin: Position | None
    end: Position
    unfinished: Unfinished | None


class BatchFolder:
    """Folds batches, of whatever stream.

    :ivar set_aside: records that could not be folded, so far.
    :ivar kinds: visits that were counted, so far, by the number of their kind.
    :param set_aside_path: the file they are kept in, a JSON object a line.
    :param clock: the time now, aware UTC.
    :param part_visits: visits of a part of a batch at first; then as many as keep others from
        writing for :data:`TARGET_S`.
    :param recent: is told of the clicks of the last minutes, once they are counted.
    """

    def __init__(
        self,
        enricher: Enricher,
        set_aside_path: Path,
        clock: Callable[[], datetime],
        part_visits: int = 5_000,
        recent: RecentClicks | None = None,
    ) -> None:
        self.set_aside = 0
        self.kinds: Counter[int] = Counter()
        self._lookups = _lookups(enricher)
        self._path = set_aside_path
        self._clock = clock
        self._part_visits = part_visits
        self._recent = recent

    def fold(
        self,
        payloads: Sequence[bytes],
        position: Position,
        *,
        begin: Position | None = None,
        unfinished: Unfinished | None = None,
    ) -> Folded:
        """Count what a batch holds and store the position behind it, exactly once.

        A large one in parts, each a transaction that also says which parts are done: the more
        visits are folded together, the fewer places of the database each of them touches, and
        the shorter a transaction, the less others wait.

        :param position: where the batch ends.
        :param begin: where it begins, in the same segment; None: it is folded in one part.
        :param unfinished: what is folded of it, as :meth:`begun` says.
        :raises DatabaseBusy: among others, when it cannot be done now; then what is stored says
            what is counted, unless it was the commit's answer that got lost.
        """
        task = _Task(payloads, begin, position, unfinished)
        done_to = unfinished.done_to if unfinished else WHOLE.first
        try:
            with read(), _unfoldable():
                folded = load(_json(payloads), self._lookups)
            while done_to < WHOLE.end:
                with read():
                    part = part_from(done_to, self._part_visits) if begin else WHOLE
                self._fold_part(task, part, folded)
                done_to = part.end
        except _Unfoldable:  # never of the commit, after which nobody knows what holds
            return self._fold_apart(task, done_to)
        return folded

    def _fold_part(self, task: _Task, part: Part, folded: Folded) -> None:
        with read(), _unfoldable():
            prepare(part)
        with write():
            began_s = time.monotonic()
            # No savepoint: SQLite would copy every page that changes.
            with _unfoldable():
                count(part, folded)
            self._store(task, part)
        if part.end < WHOLE.end:  # the last one says little
            self._adapt(time.monotonic() - began_s)
        with suppress(DatabaseBusy), read():  # the next one will do it
            self.kinds.update(counted_kinds())
            self._tell(self._minutes(folded))
            checkpoint()

    def _minutes(self, folded: Folded) -> Minutes:
        """The clicks of the last minutes in what was counted last; of an old batch, no look."""
        if self._recent is None or folded.latest_at < (since_ms := self._recent.begin_ms()):
            return []
        return clicked_minutes(since_ms)

    def _tell(self, minutes: Minutes) -> None:
        if self._recent is not None and minutes:
            self._recent.add(minutes)

    def _adapt(self, took_s: float) -> None:
        """Size the next parts so that one takes about ``TARGET_S``."""
        factor = min(max(TARGET_S / max(took_s, 0.001), 0.5), 2.0)
        self._part_visits = max(int(self._part_visits * factor), 1)

    def stored(self, stream: str) -> Position:
        """Up to where a stream is folded.

        :raises DatabaseBusy: when the database does not answer.
        """
        row = _row(stream)
        return Position(stream, row.segment, row.offset) if row else Position(stream, 0, 0)

    def begun(self, stream: str) -> Unfinished | None:
        """What is folded of the batch behind that position; None when nothing is.

        :raises DatabaseBusy: as :meth:`stored`.
        """
        row = _row(stream)
        return Unfinished(row.end_offset, row.done_to_link) if row and row.end_offset else None

    def forget(self, stream: str) -> None:
        """Forget the position of a stream that is no more."""
        with write():
            JournalPosition.delete().where(JournalPosition.stream == stream).execute()

    def _store(self, task: _Task, part: Part) -> None:
        """Write down that a part is folded, and with the last one that the batch is."""
        if task.begin and part.end < WHOLE.end:
            self._store_position(task.begin, Unfinished(task.end.offset, part.end))
        elif task.unfinished and task.end.offset < task.unfinished.end_offset:
            # Damaged meanwhile: of what comes after the damage, the same parts are folded.
            self._store_position(task.end, task.unfinished)
        else:
            self._store_position(task.end, _ALL)

    def _store_position(self, position: Position, done: Unfinished) -> None:
        values = {
            JournalPosition.segment: position.segment,
            JournalPosition.offset: position.offset,
            JournalPosition.updated_at: self._clock(),
            JournalPosition.end_offset: done.end_offset,
            JournalPosition.done_to_link: done.done_to,
        }
        JournalPosition.insert({JournalPosition.stream: position.stream, **values}).on_conflict(
            conflict_target=[JournalPosition.stream], update=values
        ).execute()

    def _fold_apart(self, task: _Task, done_to: int) -> Folded:
        """Fold what can be folded and is not, and set the rest aside.

        :param done_to: links with a smaller id are folded.
        """
        records = [record for payload in task.payloads for record in _records(payload)]
        records = [record for record in records if _is_left(record, done_to)]
        aside: list[tuple[bytes, Exception]] = []
        told = _Told(Counter(), [])
        with write():
            folded = self._halve(records, aside, told)
            self._store(task, WHOLE)
            # Before the commit: after a crash a line may stand there twice, but none is missing.
            self._keep(aside)
        self.set_aside += len(aside)
        self.kinds.update(told.kinds)
        self._tell(told.minutes)
        for _, error in aside[:1]:
            log.error("%d records could not be folded; see %s: %s", len(aside), self._path, error)
        return folded

    def _halve(
        self,
        records: Sequence[bytes],
        aside: list[tuple[bytes, Exception]],
        told: _Told,
    ) -> Folded:
        """Fold what can be folded; what cannot goes to ``aside``, and what was to ``told``."""
        try:
            return self._try(records, told)
        except Exception as error:
            if not is_about_data(error):
                raise
            if len(records) == 1:
                return self._doubt(records, error, aside, told)
        half = len(records) // 2
        parts = [self._halve(part, aside, told) for part in (records[:half], records[half:])]
        return Folded(sum(part.visits for part in parts), max(part.latest_at for part in parts))

    def _doubt(
        self,
        record: Sequence[bytes],
        error: Exception,
        aside: list[tuple[bytes, Exception]],
        told: _Told,
    ) -> Folded:
        """Set a record aside, once it is sure that it is to blame.

        When even nothing can be folded, it is not; and when nothing can, what stood in its way
        may have gone just now, so it is tried again.
        """
        self._try([], told)
        try:
            return self._try(record, told)
        except Exception as again:
            if not is_about_data(again):
                raise
        aside.append((record[0], error))
        return Folded(0, 0)

    def _try(self, records: Sequence[bytes], told: _Told) -> Folded:
        with savepoint():
            folded = fold(_json(records), self._lookups)
            told.kinds.update(counted_kinds())
            told.minutes.extend(self._minutes(folded))
        return folded

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


def _row(stream: str) -> JournalPosition | None:
    with read():
        row: JournalPosition | None = JournalPosition.get_or_none(JournalPosition.stream == stream)
    return row


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


def _is_left(record: bytes, done_to: int) -> bool:
    """Whether a record is of a link that is not folded; or of none, since it is no record."""
    try:
        link_id = json.loads(record)[_LINK_ID]
    except (ValueError, RecursionError, LookupError, TypeError):
        return True
    return not isinstance(link_id, int) or link_id >= done_to


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
