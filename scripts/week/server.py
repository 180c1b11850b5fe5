"""A klink server that runs jobs when it is told to: in its own process, where klink runs them.

What computes in a thread of the server takes the interpreter from the event loop, so jobs in
another process would flatter. The clock of the jobs is switched off (``[jobs] enabled``); for each
line of JSON on standard input, an :class:`Order`, a thread runs a job as often as it says, with
the time moved on, and prints what came of it, an :class:`Outcome`.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path

from klink.app import serve
from klink.config import load
from klink.core.context import Context, Settings
from klink.db.connection import close_thread
from klink.jobs import JOBS, Job, JobSettings, Pace, RunLog, run
from klink.opening import core_settings, job_settings

__all__ = ["Order", "Outcome"]

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Order:
    """Runs of a job.

    :ivar begins_at: the time of the first one, RFC 3339.
    :ivar every_s: how much later each following one is.
    """

    job: str
    begins_at: str
    every_s: float
    runs: int


@dataclass(frozen=True)
class Outcome:
    """What came of an order.

    :ivar counts: how many of what all runs did.
    """

    counts: dict[str, int]
    seconds: float
    longest_step_ms: float


def main() -> int:
    """Serve, and run jobs beside, until told to stop."""
    config = load(None, dict(os.environ), Path.cwd(), None)
    orders = threading.Thread(
        target=_obey, args=(core_settings(config), job_settings(config)), daemon=True
    )
    orders.start()
    return serve(config)


def _obey(settings: Settings, of_jobs: JobSettings) -> None:
    jobs = {job.name: job for job in JOBS}
    for line in sys.stdin:
        order = Order(**json.loads(line))
        try:
            outcome = _work(jobs[order.job], order, settings, of_jobs)
        except Exception:  # the top of a thread; whoever gave the order waits for an answer
            log.exception("job %s", order.job)
            print(json.dumps({"failed": order.job}), flush=True)
        else:
            print(json.dumps(asdict(outcome)), flush=True)
        finally:
            close_thread()


def _work(job: Job, order: Order, settings: Settings, of_jobs: JobSettings) -> Outcome:
    runs, counts, longest_s = RunLog(), Counter[str](), 0.0
    began = time.monotonic()
    for number in range(order.runs):
        at = datetime.fromisoformat(order.begins_at) + timedelta(seconds=order.every_s * number)
        pace = Pace()
        done = run(job, Context(at, settings), of_jobs, runs, pace)
        assert done is not None  # nobody else runs jobs here
        counts.update(done.counts)
        longest_s = max(longest_s, pace.longest_s)
    return Outcome(dict(counts), time.monotonic() - began, longest_s * 1000)


if __name__ == "__main__":
    sys.exit(main())
