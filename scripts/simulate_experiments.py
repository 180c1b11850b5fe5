"""How the rule that names winners fares on drawn visits; scripts/simulate-experiments runs it."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from klink.core.experiments import Decision, Rules, Standing, VariantData, decide

PAGE = Path(__file__).parents[1] / "docs" / "experiments.md"
BEGIN, END = "<!-- simulate-experiments: begin -->", "<!-- simulate-experiments: end -->"

HOURS = 30 * 24
PER_HOUR = 28
"""Visitors: 20,160 in 30 days."""

WITHIN = 20_000
"""Visitors within which a lift must be found."""

THRESHOLD = 100
"""Clicks before a decision, as a link has them unless it says otherwise."""

CHUNK = 50
"""Experiments that a process simulates at a time."""


@dataclass(frozen=True)
class Scenario:
    """Variants as they truly are, and what the rule must reach.

    :param must: whether the contract sets a bar here; other lines are for information.
    """

    rates: tuple[float, ...]
    weights: tuple[int, ...]
    per_hour: int = PER_HOUR
    must: bool = True

    @property
    def best(self) -> str | None:
        """The label of the variant that ought to win; None where all are equal."""
        highest = max(self.rates)
        return f"v{self.rates.index(highest)}" if self.rates.count(highest) == 1 else None


@dataclass(frozen=True)
class Outcome:
    """One simulated experiment: who won, after how many visitors, and what was said meanwhile."""

    winner: str | None
    visitors: int
    mismatch: bool


@dataclass(frozen=True)
class Line:
    """What came of a scenario."""

    scenario: Scenario
    outcomes: Sequence[Outcome]

    @property
    def false_winners(self) -> float:
        """The part in which a variant won that is not the best."""
        best = self.scenario.best
        return self._part(one.winner not in (None, best) for one in self.outcomes)

    @property
    def found(self) -> float:
        """The part in which the best variant won, within 30 days."""
        best = self.scenario.best
        return self._part(one.winner == best for one in self.outcomes)

    @property
    def found_soon(self) -> float:
        """The part in which it won soon enough."""
        best = self.scenario.best
        return self._part(one.winner == best and one.visitors <= WITHIN for one in self.outcomes)

    @property
    def mismatches(self) -> float:
        """The part in which the split was called wrong at some time; it never was."""
        return self._part(one.mismatch for one in self.outcomes)

    @property
    def median_visitors(self) -> float:
        """To a decision, of those experiments in which the best variant won."""
        best = self.scenario.best
        return statistics.median(
            [one.visitors for one in self.outcomes if one.winner == best] or [float("nan")]
        )

    @property
    def holds(self) -> bool:
        """Whether the bar is reached: at most 5 % false winners, 90 % of lifts found."""
        if not self.scenario.must:
            return True
        return self.false_winners <= 0.05 and (not self.scenario.best or self.found_soon >= 0.9)

    def _part(self, facts: Iterator[bool]) -> float:
        return sum(facts) / len(self.outcomes)


SPLITS = ((50, 50), (70, 30), (90, 10), (34, 33, 33), (50, 30, 20), (25,) * 4, (20,) * 5)

EQUAL = (
    *(Scenario((rate,) * len(split), split) for rate in (0.02, 0.1, 0.4) for split in SPLITS),
    Scenario((0.1, 0.1), (50, 50), per_hour=1000),
)

LIFTS = (
    Scenario((0.1, 0.12), (50, 50)),
    Scenario((0.1, 0.12), (70, 30), must=False),
    Scenario((0.1, 0.1, 0.12), (34, 33, 33), must=False),
    Scenario((0.1, 0.11), (50, 50), must=False),
    Scenario((0.1, 0.11), (50, 50), per_hour=140, must=False),
)

QUICK = (EQUAL[0], EQUAL[7], EQUAL[11], LIFTS[0])


def simulate(scenario: Scenario, rng: np.random.Generator) -> Outcome:
    """Run one experiment, looking every hour, until a winner is named or 30 days are over."""
    shares = np.array(scenario.weights) / sum(scenario.weights)
    came = rng.multinomial(scenario.per_hour, shares, size=HOURS)
    converted = rng.binomial(came, scenario.rates)
    mismatch = False
    for seen, won in zip(came.cumsum(0).tolist(), converted.cumsum(0).tolist(), strict=True):
        decision = look(scenario, seen, won)
        mismatch = mismatch or decision.standing is Standing.SPLIT_IS_OFF
        if decision.winner is not None:
            return Outcome(decision.winner, sum(seen), mismatch)
    return Outcome(None, HOURS * scenario.per_hour, mismatch)


def look(scenario: Scenario, seen: Sequence[int], converted: Sequence[int]) -> Decision:
    """Ask klink's own rule; every visitor clicked once."""
    variants = [
        VariantData(f"v{number}", weight, seen[number], converted[number])
        for number, weight in enumerate(scenario.weights)
    ]
    return decide(variants, Rules(threshold=THRESHOLD, clicks=sum(seen)))


def _chunk(scenario: Scenario, runs: int, seed: tuple[int, ...]) -> list[Outcome]:
    rng = np.random.default_rng(seed)
    return [simulate(scenario, rng) for _ in range(runs)]


def lines(scenarios: Sequence[Scenario], runs: int, seed: int, processes: int) -> Iterator[Line]:
    """Simulate each scenario so often; the same seed draws the same visits."""
    sizes = [min(CHUNK, runs - done) for done in range(0, runs, CHUNK)]
    with ProcessPoolExecutor(processes) as pool:
        pending = [
            [
                pool.submit(_chunk, scenario, size, (seed, number, chunk))
                for chunk, size in enumerate(sizes)
            ]
            for number, scenario in enumerate(scenarios)
        ]
        try:
            for scenario, chunks in zip(scenarios, pending, strict=True):
                yield Line(scenario, [one for chunk in chunks for one in chunk.result()])
        finally:  # whoever is interrupted must not leave minutes of work behind
            pool.shutdown(cancel_futures=True)


def table(done: Sequence[Line], runs: int, seed: int) -> str:
    """What was found, in Markdown."""
    head = (
        f"{runs:,} experiments a line, {HOURS} hourly looks each, {PER_HOUR} visitors an hour "
        f"unless the line says more; seed {seed}, {datetime.now(UTC):%Y-%m-%d}, "
        f"Python {platform.python_version()}, numpy {np.__version__}, {os.cpu_count()} cores.\n"
    )
    same = [
        "| equal variants | weights | winner named | split called wrong at some hour |",
        "|---|---|---|---|",
    ]
    better = [
        f"| better variant | weights | found within {WITHIN:,} visitors | within 30 days "
        "| median visitors | wrong winner |",
        "|---|---|---|---|---|---|",
    ]
    for line in done:
        one = line.scenario
        weights = " / ".join(map(str, one.weights))
        more = f", {one.per_hour:,} visitors an hour" if one.per_hour != PER_HOUR else ""
        if one.best:
            better.append(
                f"| {max(one.rates):.0%} against {min(one.rates):.0%}{more} | {weights} "
                f"| {line.found_soon:.1%} | {line.found:.1%} | {line.median_visitors:,.0f} "
                f"| {line.false_winners:.2%} |"
            )
        else:
            same.append(
                f"| {len(one.rates)} at {one.rates[0]:.0%}{more} | {weights} "
                f"| {line.false_winners:.2%} | {line.mismatches:.2%} |"
            )
    parts = [head, *same, "", *better]
    return "\n".join(parts).replace("%", " %") + "\n"


def _write(text: str) -> None:
    page = PAGE.read_text()
    before, rest = page.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{after}")


def _interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/simulate-experiments",
        description="Simulate experiments of 30 days with hourly looks, by klink's own rule.",
        epilog="Exit status: 1 when winners are named between equal variants in more than 5 %% of "
        "experiments, or a lift of 20 %% on 10 %% is found in less than 90 %%; else 0.",
    )
    parser.add_argument("--runs", type=int, help="experiments a line (3,000; quick: 100)")
    parser.add_argument("--quick", action="store_true", help="few lines, a few seconds: a look")
    parser.add_argument("--seed", type=int, default=1, help="of what is drawn (1)")
    parser.add_argument("--processes", type=int, default=2, help="at a time (2)")
    parser.add_argument("--write", action="store_true", help=f"put the table into {PAGE.name}")
    given = parser.parse_args()
    if given.runs is None:
        given.runs = 100 if given.quick else 3000
    if given.runs < 1 or given.processes < 1:
        parser.error("--runs and --processes must be at least 1")
    return given


def main() -> int:
    """Do what the command line says; return the exit status."""
    given = _parse()
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run(given)
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


def _run(given: argparse.Namespace) -> int:
    began = time.monotonic()
    runs = given.runs
    done = []
    for line in lines(
        QUICK if given.quick else (*EQUAL, *LIFTS), runs, given.seed, given.processes
    ):
        print(f"{time.monotonic() - began:5.0f} s  {line.scenario}", file=sys.stderr)
        done.append(line)
    text = table(done, runs, given.seed)
    print(text)
    if given.write:
        _write(text)
    missed = [line.scenario for line in done if not line.holds]
    for scenario in missed:
        print(f"missed: {scenario}", file=sys.stderr)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
