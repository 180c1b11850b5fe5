"""Rows come from the oldest to the newest, in memory or from a file."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from klink.core.links import Arrival, NewLink
from klink.moving.by_date import ByDate, NoRoom
from klink.moving.rows import Row, bad

BEGIN = datetime(2020, 1, 1, tzinfo=UTC)


def row(at: int, day: int | None) -> Row:
    slug, url = f"s{at}", f"https://example.com/{at}"
    new = NewLink(url=url, slug=slug)
    made = None if day is None else BEGIN + timedelta(days=day)
    return Row(at, slug, url, Arrival(new, frozenset({"url"}), made), warnings=("w",))


@pytest.mark.parametrize("held", [0, 3, 1_000])
@given(days=st.lists(st.none() | st.integers(-9_000, 3), max_size=12))
def test_every_row_comes_once_and_by_date(held: int, days: list[int | None]) -> None:
    rows = [row(at, day) for at, day in enumerate(days)]
    with ByDate(held) as by_date:
        for each in rows:
            by_date.add(each)
        found = list(by_date)
        assert len(by_date) == len(rows)
    dated = [row for row in rows if days[row.at] is not None]
    others = [row for row in rows if days[row.at] is None]
    assert found == [*sorted(dated, key=lambda row: days[row.at] or 0), *others]


def test_bad_rows_come_last() -> None:
    rows = [bad(1, "no"), row(2, 0), bad(3, "no"), row(4, None)]
    with ByDate(1) as by_date:
        for each in rows:
            by_date.add(each)
        assert [found.at for found in by_date] == [2, 1, 3, 4]


def test_where_nothing_can_be_kept_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with ByDate(1) as by_date:
        by_date.add(row(1, 0))
        with pytest.raises(NoRoom, match=r"missing.*TMPDIR"):
            by_date.add(row(2, 0))
