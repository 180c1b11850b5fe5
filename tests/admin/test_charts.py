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


def test_what_is_not_over_yet_is_no_fall():
    chart = charts.series("Clicks", ["a", "b", "c"], [9, 8, 1], rest=[4, 4, 0], is_to_now=True)
    assert chart.line == "M0.0 110.0L500.0 120.0"
    assert chart.rest == "M0.0 160.0L500.0 160.0"
    assert chart.to_now == "M500.0 120.0L1000.0 190.0M500.0 160.0L1000.0 200.0"
    assert chart.area == "M0.0 110.0L500.0 120.0L1000.0 190.0V200H0Z"
    assert charts.series("Clicks", ["a", "b"], [9, 8]).to_now == ""


def test_few_points_have_each_a_word_and_narrow_screens_fewer():
    week = charts.series("Clicks", [f"{day} Nov" for day in range(1, 8)], [0] * 7)
    assert [tick.text for tick in week.x] == [f"{day} Nov" for day in range(1, 8)]
    month = charts.series("Clicks", [str(day) for day in range(30)], [0] * 30)
    assert [tick.text for tick in month.x] == ["0", "7", "14", "22", "29"]
    assert [tick.text for tick in month.x if not tick.is_more] == ["0", "14", "29"]
    day = charts.series("Clicks", [f"28 Nov, {hour:02}:00" for hour in range(24)], [0] * 24)
    assert len(day.x) == 5
    assert [tick.text for tick in day.x if not tick.is_more] == ["28 Nov, 00:00", "28 Nov, 23:00"]


def test_a_small_line_ends_where_today_begins():
    line, end = charts.sparkline_to_now([0, 4, 2])
    assert line == "M0.0 20.0L45.0 2.0"
    assert end == "M45.0 2.0L90.0 11.0"
