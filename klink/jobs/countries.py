"""Keeping the database of countries new."""

from __future__ import annotations

import queue
import threading

from klink.core.context import Context
from klink.geoip import Outcome, Updates, update
from klink.jobs.job import JobReport, JobSettings
from klink.jobs.pace import Pace

__all__ = ["update_geoip"]

LOOK_UP_S = 0.2  # how long it takes to notice that the server ends

_Ended = Outcome | Exception


def update_geoip(ctx: Context, settings: JobSettings, pace: Pace) -> JobReport:
    """Fetch a newer database of countries when it is due (``[geoip] update_every``).

    After a failure it is due an hour later, then ever later; the old one stays meanwhile.

    :raises UpdateFailed: why there is none, once it is remembered.
    """
    if settings.geoip is None:
        return JobReport({"updated": 0})
    ended: queue.SimpleQueue[_Ended] = queue.SimpleQueue()
    # A server that ends does not wait for somebody else's: what was fetched is fetched again.
    threading.Thread(
        target=_update,
        args=(settings.geoip, ctx, settings.everything, ended),
        name="klink-geoip",
        daemon=True,
    ).start()
    while not pace.is_stopped:
        try:
            got = ended.get(timeout=LOOK_UP_S)
        except queue.Empty:
            continue
        if isinstance(got, Exception):
            raise got
        count = int(got.result == "updated")
        pace.note(count)
        return JobReport({"updated": count})
    return JobReport({"updated": 0})


def _update(
    updates: Updates, ctx: Context, is_asked: bool, ended: queue.SimpleQueue[_Ended]
) -> None:
    """One update, in a thread that knows no database."""
    try:
        ended.put(update(updates, ctx.now, is_asked=is_asked))
    except Exception as error:  # the top of a thread; the job's own raises it
        ended.put(error)
