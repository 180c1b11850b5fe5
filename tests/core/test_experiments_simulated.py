"""The rule that names winners on drawn visits, at a size that tests can afford.

scripts/simulate-experiments does the same at length; docs/experiments.md holds its table.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from scripts.simulate_experiments import BEGIN, END, EQUAL, LIFTS, PAGE, Line, Scenario, simulate

ROOT = Path(__file__).parents[2]


def simulated(scenario: Scenario, runs: int) -> Line:
    rng = np.random.default_rng(20)
    return Line(scenario, [simulate(scenario, rng) for _ in range(runs)])


@pytest.mark.parametrize(
    "scenario",
    [
        Scenario((0.02, 0.02), (70, 30)),
        Scenario((0.1, 0.1), (50, 50)),
        Scenario((0.4, 0.4, 0.4), (50, 30, 20)),
    ],
)
def test_equal_variants_seldom_have_a_winner(scenario: Scenario) -> None:
    assert simulated(scenario, 100).false_winners <= 0.05


def test_a_lift_of_a_fifth_is_found_within_20_000_visitors() -> None:
    line = simulated(LIFTS[0], 100)
    assert line.found_soon >= 0.9
    assert line.false_winners == 0
    assert line.median_visitors < 10_000


def test_a_seed_draws_the_same_visits_again() -> None:
    assert simulated(LIFTS[0], 3) == simulated(LIFTS[0], 3)


def test_the_program_prints_a_line_for_each_scenario() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/simulate_experiments.py", "--quick", "--runs", "2"],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "| 3 at 10 % | 50 / 30 / 20 |" in done.stdout
    assert "| 12 % against 10 % | 50 / 50 |" in done.stdout


def test_the_page_holds_a_line_for_each_scenario_and_each_reaches_its_bar() -> None:
    text = PAGE.read_text().split(BEGIN)[1].split(END)[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if re.match(r"\| \d", line)]
    same = [row for row in rows if " at " in row[0]]
    better = [row for row in rows if " against " in row[0]]
    assert (len(same), len(better)) == (len(EQUAL), len(LIFTS))
    assert all(float(row[2].removesuffix(" %")) <= 5 for row in same)
    assert float(better[0][2].removesuffix(" %")) >= 90
