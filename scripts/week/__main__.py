"""The command: how many links and days, at what rate; prints the table."""

from __future__ import annotations

import argparse
import platform
import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from scripts.benchmark import links, traffic
from scripts.benchmark.load import LoadFailed
from scripts.week.measuring import Felt, Pace, Server, prepare, run_week, serving
from scripts.week.outside import outside
from scripts.week.world import World, beside

PAGE = Path(__file__).parents[2] / "docs" / "performance.md"
BEGIN, END = "<!-- simulate-week: begin -->", "<!-- simulate-week: end -->"

FULL, QUICK = (100_000, 7), (2_000, 2)
"""Links and days."""

QUICK_RATE = 200.0
CALM, HASTY = Pace(lead_s=1, quiet_s=5), Pace(lead_s=0.6, quiet_s=0.4)
P99_MS = 5.0
"""What redirects may take beside any job, in 99 of 100 cases."""

_SEEN_S = 3  # how long it is looked how much the server can take


def main() -> int:
    """Do what the command line says; 1 when the bar is missed or a job had nothing to do."""
    given = _parse(sys.argv[1:])
    signal.signal(signal.SIGTERM, _interrupt)  # so that server and load end with this, too
    many, days = QUICK if given.quick else FULL
    made = given.data / f"links-{many}"
    if not made.exists():
        partly = made.with_name(f"{made.name}.making")
        shutil.rmtree(partly, ignore_errors=True)
        links.make(partly, many)
        partly.rename(made)
    with tempfile.TemporaryDirectory(prefix="klink-week-", dir=given.data) as place:
        data_dir = Path(place) / "data"
        shutil.copytree(made, data_dir)
        try:
            return _week(given, data_dir, days)
        except LoadFailed as error:
            print(f"scripts/simulate-week: {error}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("interrupted", file=sys.stderr)
            return 130


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _parse(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/simulate-week",
        description="Run a simulated week of all jobs inside a klink server, while redirects are "
        "measured from outside: beside each job, and beside none.",
        epilog="Exit status: 0 when the bar is reached, 1 when it is missed, or a job had no work.",
    )
    parser.add_argument(
        "--quick", action="store_true", help="few links, two days, 200/s: a look, no measurement"
    )
    parser.add_argument(
        "--rate", type=float, help="requests a second (default: half of what the server can take)"
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("build/week"),
        help="where the links are kept for the next run (default: %(default)s)",
    )
    parser.add_argument(
        "--write", action="store_true", help=f"write the table into {PAGE.name}, too"
    )
    given = parser.parse_args(words)
    given.data = given.data.resolve()
    given.data.mkdir(parents=True, exist_ok=True)
    return given


def _week(given: argparse.Namespace, data_dir: Path, days: int) -> int:
    with outside() as others, beside(data_dir, days, others) as world:
        _tell("preparing a week's work for every job")
        prepare(world, 0)
        targets = traffic.uniform(world.visited, 20_000)
        requests = traffic.write(data_dir.parent / "requests", traffic.heads(), targets)
        with serving(data_dir, others.settings) as server:
            rate = given.rate or (QUICK_RATE if given.quick else _half(server, requests))
            quiet, beside_jobs = run_week(
                world, server, requests, rate, HASTY if given.quick else CALM, _tell
            )
            server.drained()
            table = _table(world, rate, quiet, beside_jobs)
    print(table)
    if given.write:
        _write(table)
    return 0 if _holds(beside_jobs, is_quick=given.quick) else 1


def _half(server: Server, requests: Path) -> float:
    server.load(requests, 1)
    server.drained()
    rate = server.load(requests, _SEEN_S).rate / 2
    server.drained()
    return rate


def _holds(beside_jobs: Sequence[Felt], *, is_quick: bool) -> bool:
    """Whether every job had work, and redirects were fast beside each."""
    idle = [felt.what for felt in beside_jobs if not sum(felt.counts.values())]
    late = [felt.what for felt in beside_jobs if felt.usual_p99_ms > P99_MS and not is_quick]
    for names, what in ((idle, "had nothing to do"), (late, f"let p99 pass {P99_MS:g} ms")):
        if names:
            _tell(f"{', '.join(names)} {what}")
    return not idle and not late


def _table(world: World, rate: float, quiet: Felt, beside_jobs: Sequence[Felt]) -> str:
    lines = [
        f"{len(world.links):,} links, {world.days} days, {rate:,.0f} redirects/s; "
        f"Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}.",
        "",
        "| beside | runs | done | worked | longest step | p99, median | worst day | longest |",
        "|---|--:|---|--:|--:|--:|--:|--:|",
    ]
    for felt in (quiet, *beside_jobs):
        done = ", ".join(f"{count:,} {what}" for what, count in felt.counts.items())
        worked = f"{felt.seconds:.1f} s" if felt.runs else ""
        step = f"{felt.longest_step_ms:.0f} ms" if felt.runs else ""
        lines.append(
            f"| {felt.what} | {felt.runs or ''} | {done} | {worked} | {step} | "
            f"{felt.usual_p99_ms:.2f} ms | {max(felt.p99_ms):.2f} ms | {max(felt.max_ms):.1f} ms |"
        )
    return "\n".join(lines)


def _write(table: str) -> None:
    text = PAGE.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{table}\n{END}{after}")


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
