"""Looking at the pages that links stand on."""

from __future__ import annotations

import logging
import queue
import threading
import time
from dataclasses import replace
from datetime import datetime, timedelta

from klink.core import sites
from klink.core.context import Context
from klink.fetching import Fetcher
from klink.jobs.job import JobReport, JobSettings
from klink.jobs.pace import Pace

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Pages that are fetched at a time, each of another host."""

LONGEST_RUN = timedelta(minutes=10)
"""A run by the clock begins nothing after this; the next one goes on where it was."""

LOOK_UP_S = 0.2  # how long it takes to notice that the server ends

OUTCOMES = ("found", "missing", "unproven", "deleted", "changed")


def verify_sites(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Look at every page that is due; with ``settings.everything`` at each one once.

    Threads fetch and know no database; this one reads what is due and writes what they find.
    """
    counts = dict.fromkeys(OUTCOMES, 0)
    run = _Run(ctx, settings)
    while not pace.is_stopped:
        run.begin_what_can_be()
        if run.is_idle:
            break
        word = run.finish_one()
        if word is not None:
            counts[word] += 1
            pace.note(1)
    return JobReport(counts)


class _Run:
    """The looks of one run that are under way."""

    def __init__(self, ctx: Context, settings: JobSettings) -> None:
        self._ctx = ctx
        self._fetcher = settings.fetcher
        self._not_since = ctx.now if settings.everything else None
        self._ends_at = None if settings.everything else ctx.now + LONGEST_RUN
        self._began_s = time.monotonic()
        self._busy: set[str] = set()
        self._done: queue.SimpleQueue[tuple[sites.Check, sites.Outcome]] = queue.SimpleQueue()

    @property
    def is_idle(self) -> bool:
        """Whether nothing is under way."""
        return not self._busy

    def begin_what_can_be(self) -> None:
        """Begin looks while there is room, and a host that is not being asked."""
        while len(self._busy) < AT_ONCE:
            now = self._now()
            if self._ends_at is not None and now > self._ends_at:
                return
            ctx = replace(self._ctx, now=now)
            check = sites.next_check(ctx, self._busy, not_since=self._not_since)
            if check is None:
                return
            self._busy.add(check.host)
            # Nobody waits for them at the end: what they would have found is looked up again.
            threading.Thread(
                target=_look,
                args=(self._fetcher, check, self._done),
                name="klink-site",
                daemon=True,
            ).start()

    def finish_one(self) -> str | None:
        """Write down what a look has found, if one ends soon; say how it went."""
        try:
            check, outcome = self._done.get(timeout=LOOK_UP_S)
        except queue.Empty:
            return None
        self._busy.discard(check.host)
        return sites.record(replace(self._ctx, now=self._now()), check, outcome)

    def _now(self) -> datetime:
        """The time of day; a run may be long."""
        return self._ctx.now + timedelta(seconds=time.monotonic() - self._began_s)


def _look(
    fetcher: Fetcher,
    check: sites.Check,
    done: queue.SimpleQueue[tuple[sites.Check, sites.Outcome]],
) -> None:
    """One look, in a thread of its own."""
    try:
        outcome = sites.look(fetcher, check.site_url, check.slug)
    except Exception:
        log.exception("the page of link %d could not be looked at", check.link_id)
        outcome = sites.Outcome(sites.Found.UNPROVEN, "error")
    done.put((check, outcome))
