"""How much of their plans keys and workspaces have used.

Windows are fixed and UTC. Counts are kept in memory, so that a read request writes
nothing, and saved every second and at the end; a restart goes on from what was saved.
Saving also brings in what other processes have counted, so that several of them on one
database keep to one limit, at most a second late.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Container
from dataclasses import dataclass
from datetime import datetime, timedelta

from klink.core.context import Context
from klink.core.errors import PlanForbidsApi, RateLimited
from klink.core.plans import Plan
from klink.core.principal import Principal
from klink.db.connection import lock, read, write
from klink.db.models import ApiKey, Usage

SAVED_AT_ONCE = 100
"""Windows saved in one transaction, so that it stays short."""

_TOUCH_EVERY = timedelta(minutes=1)
_WINDOWS = ("minute", "hour", "month")
_Slot = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class Window:
    """One limit as it stands after a request: for the headers.

    :param resets_at: when the window turns, aware UTC.
    """

    name: str
    limit: int
    remaining: int
    length_s: int
    resets_at: datetime


@dataclass(slots=True)
class _Count:
    """Requests in a window, of all processes as far as known; ``saved`` of them are stored."""

    value: int
    saved: int


def _bounds(name: str, now: datetime) -> tuple[datetime, datetime]:
    if name == "minute":
        start = now.replace(second=0, microsecond=0)
        return start, start + timedelta(minutes=1)
    if name == "hour":
        start = now.replace(minute=0, second=0, microsecond=0)
        return start, start + timedelta(hours=1)
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return start, (start + timedelta(days=32)).replace(day=1)


def wait_s(name: str, now: datetime) -> int:
    """Whole seconds until a window turns, at least 1."""
    wait = _bounds(name, now)[1] - now
    return max(1, math.ceil(wait.total_seconds()))


def window_of(name: str, now: datetime, limit: int, used: int) -> Window:
    """The window of this name that ``now`` lies in, with so many requests used."""
    start, end = _bounds(name, now)
    return Window(name, limit, max(0, limit - used), int((end - start).total_seconds()), end)


def _limit(plan: Plan, name: str) -> int | None:
    return {
        "minute": plan.requests_per_minute,
        "hour": plan.requests_per_hour,
        "month": plan.requests_per_month,
    }[name]


def _parts(changed: dict[_Slot, int]) -> list[dict[_Slot, int]]:
    """What has changed, in parts that are saved in one short transaction each."""
    items = sorted(changed.items())
    return [dict(items[i : i + SAVED_AT_ONCE]) for i in range(0, len(items), SAVED_AT_ONCE)]


class Meter:
    """Counts requests against plans; one per process, shared by its threads.

    Whatever did not change between two flushes is forgotten, so memory holds no more than
    who asked in the last seconds.
    """

    def __init__(self) -> None:
        self._counts: dict[_Slot, _Count] = {}
        self._touched: dict[int, datetime] = {}
        self._to_touch: dict[int, datetime] = {}
        self._mutex = threading.Lock()

    def take(self, ctx: Context, who: Principal) -> list[Window]:
        """Count one request of ``who``, or refuse it and count nothing.

        :returns: the windows of the plans that cap it, tightest first.
        :raises PlanForbidsApi: a plan without API access.
        :raises RateLimited: a window is used up.
        """
        for plan in who.plans:
            if not plan.api_access:
                raise PlanForbidsApi(plan.name)
        slots = self._slots(who, ctx.now)
        with self._mutex:
            for name, slot, limit in slots:
                if limit is not None and self._count(slot).value >= limit:
                    raise RateLimited(
                        wait_s(name, ctx.now),
                        f"this plan allows {limit} requests a {name}",
                        window=name,
                    )
            for _, slot, _ in slots:
                self._count(slot).value += 1
            self._note_use(who, ctx.now)
            return self._windows(slots, ctx.now)

    def give_back(self, ctx: Context, who: Principal) -> None:
        """Take a request back out of the month: it failed, or only repeated an answer."""
        with self._mutex:
            for name, slot, _ in self._slots(who, ctx.now):
                if name == "month" and self._count(slot).value > 0:
                    self._count(slot).value -= 1

    def windows(self, ctx: Context, who: Principal) -> list[Window]:
        """How the windows of ``who`` stand, counting nothing."""
        if all(_limit(plan, name) is None for plan in who.plans for name in _WINDOWS):
            return []
        with self._mutex:
            return self._windows(self._slots(who, ctx.now), ctx.now)

    def used(self, ctx: Context, who: Principal) -> dict[str, int]:
        """Requests counted in the current minute, hour and month."""
        with self._mutex:
            return {name: self._count(slot).value for name, slot, _ in self._slots(who, ctx.now)}

    def against(self, ctx: Context, who: Principal, window: str, limit: int) -> Window:
        """How a window of ``who`` would stand if it had this limit."""
        slot = next(slot for name, slot, _ in self._slots(who, ctx.now) if name == window)
        with self._mutex:
            return self._window(window, slot, limit, ctx.now)

    def flush(self) -> None:
        """Save what has changed since the last time; what fails is saved next time."""
        with self._mutex:
            changed = {s: c.value - c.saved for s, c in self._counts.items() if c.value != c.saved}
            touches, self._to_touch = self._to_touch, {}
        parts = _parts(changed) or [{}]
        try:
            for part in parts if changed or touches else []:
                totals = self._save(part, touches)
                touches = {}
                self._note_saved(part, totals)
        except BaseException:
            with self._mutex:
                self._to_touch = touches | self._to_touch
            raise
        with self._mutex:
            self._forget_idle(changed)

    def _note_saved(self, part: dict[_Slot, int], totals: dict[_Slot, int]) -> None:
        with self._mutex:
            for slot, total in totals.items():
                count = self._counts[slot]
                since = count.value - count.saved - part[slot]  # came while it was saved
                count.value, count.saved = total + since, total

    def _save(self, changed: dict[_Slot, int], touches: dict[int, datetime]) -> dict[_Slot, int]:
        """Add to what is stored; return what it then is, with what other processes added."""
        totals = {}
        with write():
            lock("klink:usage")  # one order for several processes
            for (scope, window, start), delta in changed.items():
                rows = (
                    Usage.insert(scope=scope, window=window, start=start, count=delta)
                    .on_conflict(
                        conflict_target=[Usage.scope, Usage.window, Usage.start],
                        update={Usage.count: Usage.count + delta},
                    )
                    .returning(Usage.count)
                    .tuples()
                    .execute()
                )
                [(totals[scope, window, start],)] = rows
            for key_id, at in sorted(touches.items()):
                ApiKey.update(last_used_at=at).where(ApiKey.id == key_id).execute()
        return totals

    def _slots(self, who: Principal, now: datetime) -> list[tuple[str, _Slot, int | None]]:
        slots = []
        for name in _WINDOWS:
            owner = f"workspace:{who.workspace_id}" if name == "month" else f"key:{who.key_id}"
            limits = [n for n in (_limit(plan, name) for plan in who.plans) if n is not None]
            start = int(_bounds(name, now)[0].timestamp())
            slots.append((name, (owner, name, start), min(limits) if limits else None))
        return slots

    def _windows(self, slots: list[tuple[str, _Slot, int | None]], now: datetime) -> list[Window]:
        found = [
            self._window(name, slot, limit, now) for name, slot, limit in slots if limit is not None
        ]
        return sorted(found, key=lambda w: (w.remaining, w.length_s))

    def _window(self, name: str, slot: _Slot, limit: int, now: datetime) -> Window:
        return window_of(name, now, limit, self._count(slot).value)

    def _count(self, slot: _Slot) -> _Count:
        count = self._counts.get(slot)
        if count is None:
            scope, window, start = slot
            with read():
                row = Usage.get_or_none(
                    Usage.scope == scope, Usage.window == window, Usage.start == start
                )
            value = row.count if row else 0
            count = self._counts[slot] = _Count(value, value)
        return count

    def _note_use(self, who: Principal, now: datetime) -> None:
        if who.key_id is None:
            return
        last = self._touched.get(who.key_id)
        if last is None or now - last >= _TOUCH_EVERY:
            self._touched[who.key_id] = self._to_touch[who.key_id] = now

    def _forget_idle(self, fresh: Container[_Slot]) -> None:
        """Let the next request load again what this process alone no longer keeps current."""
        for slot, count in list(self._counts.items()):
            if slot not in fresh and count.value == count.saved:
                del self._counts[slot]


def prune(now: datetime, *, limit: int = 300) -> int:
    """Delete windows that ended long ago, at most ``limit``; return how many.

    Months are kept for two of them, minutes and hours for two days.
    """
    month = int((now - timedelta(days=62)).timestamp())
    shorter = int((now - timedelta(days=2)).timestamp())
    is_old = (Usage.start < month) | ((Usage.start < shorter) & (Usage.window != "month"))
    with read():  # no index leads there, so it is looked for before the lock is taken
        old = list(Usage.select().where(is_old).limit(limit))
    if old:
        with write():
            for row in old:
                Usage.delete().where(
                    Usage.scope == row.scope,
                    Usage.window == row.window,
                    Usage.start == row.start,
                ).execute()
    return len(old)
