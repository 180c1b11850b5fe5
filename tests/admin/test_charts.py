from __future__ import annotations

import pytest

from klink.admin import charts


def test_a_line_goes_from_left_to_right_and_higher_is_more():
    chart = charts.series("Clicks", ["a", "b", "c"], [0, 10, 20])
    assert chart.line == "M0.0 200.0L500.0 100.0L1000.0 0.0"
    assert chart.area == chart.line + "V200H0Z"
    assert [(tick.at, tick.text) for tick in chart.y] == [
        (75.0, "5"), (50.0, "10"), (25.0, "15"), (0.0, "20"),
    ]  # fmt: skip
    assert [tick.text for tick in chart.x] == ["a", "b", "c"]
    assert chart.rows[1] == ("b", 10, None, None)


@pytest.mark.parametrize("values", [[], [0], [7], [0, 0, 0]])
def test_little_to_show_is_shown(values: list[int]):
    chart = charts.series("Clicks", [str(i) for i in range(len(values))], values, values, values)
    assert len(chart.rows) == len(values)
    assert bool(chart.line) == bool(values)


def test_all_lines_share_one_scale():
    chart = charts.series("Clicks", ["a", "b"], [1, 1], before=[80, 80], rest=[40, 40])
    assert chart.before == "M0.0 0.0L1000.0 0.0"
    assert chart.rest == "M0.0 100.0L1000.0 100.0"


@pytest.mark.parametrize(
    "highest,top", [(1, "4"), (4, "4"), (5, "8"), (9, "20"), (81, "200"), (2_697, "4,000")]
)
def test_the_grid_has_round_numbers(highest: int, top: str):
    assert charts.series("", ["a"], [highest]).y[-1].text == top
