"""The benchmark: what it says of itself, and the loads it writes."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from scripts.benchmark import table, traffic
from scripts.benchmark.measuring import Bar, Line, least, most

ROOT = Path(__file__).parents[2]


def test_list_names_every_row_and_its_bars() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "scripts.benchmark", "--list"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    listed = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert list(listed) == [row.name for row in table.ROWS]
    for row in table.ROWS:
        assert all(str(bar) in listed[row.name] for bar in row.bars)


def test_the_page_about_performance_has_a_line_for_every_row() -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    documented = re.findall(r"^\| `([\w-]+)` \|", text, re.MULTILINE)
    assert list(dict.fromkeys(documented)) == [row.name for row in table.ROWS]


@pytest.mark.parametrize(
    "bar, value, ratio, reached",
    [
        (None, 1.0, None, None),
        (least(0.25, "x nginx"), 9.0, 0.25, True),
        (least(0.25, "x nginx"), 9.0, 0.24, False),
        (least(0.25, "x nginx"), 9.0, None, False),
        (most(5, "ms"), 5.1, None, False),
        (most(5, "ms"), 5.0, None, True),
    ],
)
def test_a_bar_judges_the_ratio_or_the_value(
    bar: Bar | None, value: float, ratio: float | None, reached: bool | None
) -> None:
    assert Line("", value, "", ratio=ratio, bar=bar).reached is reached


def test_requests_by_rank_favour_few_links_and_reach_many() -> None:
    links = 10_000
    asked = Counter(target.slug for target in traffic.by_rank(links, 50_000, 1))
    (first, most_often), (second, less_often) = asked.most_common(2)
    assert first == traffic.slug_of(traffic.place(0, links))
    assert second == traffic.slug_of(traffic.place(1, links))
    assert 1.6 < most_often / less_often < 2.4
    assert len(asked) > links / 2


@pytest.mark.parametrize("links", [1000, 20_000, 1_000_000])
def test_every_rank_has_a_link_of_its_own(links: int) -> None:
    assert len({traffic.place(rank, links) for rank in range(links)}) == links


def test_each_once_asks_for_every_link_once() -> None:
    asked = [target.slug for target in traffic.each_once(500)]
    assert asked != sorted(asked)
    assert sorted(asked) == sorted(map(traffic.slug_of, range(500)))


def test_no_two_unseen_requests_are_alike() -> None:
    asked = list(traffic.never_seen(10, 1000))
    assert len({target.own for target in asked}) == 1000
    assert all("%" in head for head in traffic.unseen_heads())
