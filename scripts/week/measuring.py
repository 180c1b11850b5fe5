"""The load beside the jobs, day by day, and what redirects felt of each job."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path

from klink.jobs import JOBS, Job, JobSettings
from scripts.benchmark import load, servers
from scripts.benchmark.load import Load, LoadFailed
from scripts.week.server import Order, Outcome
from scripts.week.work import WORK
from scripts.week.world import BLOCKLIST, World

__all__ = ["Felt", "Server", "run_week", "serving"]

DAY_S = 86_400

_ENOUGH_S = 3600  # a load goes on for as long as the job does


class Server(servers.Klink):
    """The server of :mod:`scripts.week.server`, which takes orders."""

    program = ("scripts.week.server",)

    def _start(self) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", *self.program],
                env=self.env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def obey(self, order: Order) -> Outcome:
        """Run a job as often as ordered; return when it is done.

        :raises LoadFailed: when the job failed; the server's log says why.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asdict(order)).encode() + b"\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith(b"{"):  # what else comes are its first lines, for people
                told = json.loads(line)
                if "failed" not in told:
                    return Outcome(**told)
                break
        raise LoadFailed(f"job {order.job} failed; see {self.log}")


@dataclass(frozen=True)
class Pace:
    """How long a load goes on until it is in full swing, and then beside no job."""

    lead_s: float
    quiet_s: float


@dataclass
class Felt:
    """How redirects were beside one thing, day by day.

    :ivar what: a job's name, or what else.
    """

    what: str
    p99_ms: list[float] = field(default_factory=list)
    max_ms: list[float] = field(default_factory=list)
    runs: int = 0
    seconds: float = 0.0
    longest_step_ms: float = 0.0
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def usual_p99_ms(self) -> float:
        """The median of the days."""
        return statistics.median(self.p99_ms)

    def note(self, found: Load) -> None:
        """Add a load."""
        self.p99_ms.append(found.p99_ms)
        self.max_ms.append(found.max_ms)

    def add(self, outcome: Outcome, runs: int) -> None:
        """Add what a job did."""
        self.runs += runs
        self.seconds += outcome.seconds
        self.longest_step_ms = max(self.longest_step_ms, outcome.longest_step_ms)
        self.counts.update(outcome.counts)


@contextmanager
def serving(data_dir: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    """Run such a server on a data folder during the block.

    :param settings: in the environment's words.
    """
    own = {
        "KLINK_JOBS__ENABLED": "false",
        "KLINK_BLOCKING__FILES": BLOCKLIST,
        "KLINK_BACKUPS__EVERY": "1d",  # each takes as long as the database is large
    }
    server = Server(data_dir, **own, **settings)
    try:
        server.wait()
        yield server
    finally:
        server.end()


def run_week(
    world: World,
    server: Server,
    requests: Path,
    rate: float,
    pace: Pace,
    tell: Callable[[str], None],
) -> tuple[Felt, list[Felt]]:
    """Every job of every day, each beside a load of its own, and before it one beside none.

    :param rate: requests a second.
    :param tell: told what is being done.
    """
    quiet, beside = Felt("no job"), {job.name: Felt(job.name) for job in JOBS}
    for day in range(world.days):
        if day:
            prepare(world, day)
        for job in JOBS:
            felt, order = beside[job.name], order_of(job, world, day)
            with _loaded(server, requests, rate, quiet, pace):
                time.sleep(pace.quiet_s)
            with _loaded(server, requests, rate, felt, pace):
                felt.add(server.obey(order), order.runs)
            tell(
                f"day {day + 1}: {job.name:16} p99 {felt.p99_ms[-1]:6.2f} ms, "
                f"max {felt.max_ms[-1]:7.2f} ms; without {quiet.p99_ms[-1]:.2f} and "
                f"{quiet.max_ms[-1]:.2f}"
            )
    return quiet, list(beside.values())


def prepare(world: World, day: int) -> None:
    """Prepare every job's work for a day."""
    for work in WORK.values():
        work(world, day)


def order_of(job: Job, world: World, day: int) -> Order:
    """The runs of a job that fall on a day, one at its end at least."""
    every_s = min(job.every_s(JobSettings()), DAY_S)
    begins = world.on(day).now.timestamp() + every_s
    at = world.on(day).now.fromtimestamp(begins, world.ctx.now.tzinfo).isoformat()
    return Order(job.name, at, every_s, int(DAY_S // every_s))


@contextmanager
def _loaded(server: Server, requests: Path, rate: float, felt: Felt, pace: Pace) -> Iterator[None]:
    """Load the server during the block, and note how that was.

    :raises LoadFailed: when not every answer was a redirect.
    """
    with load.started(server.port, requests, _ENOUGH_S, rate=rate) as running:
        time.sleep(pace.lead_s)
        yield
        found = running.stop()
    if found.refused or found.broken or not found.answered:
        what = f"{found.answered} answers, {found.refused} refusals, {found.broken} broken"
        raise LoadFailed(what)
    felt.note(found)
