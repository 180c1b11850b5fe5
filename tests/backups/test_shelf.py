"""Which backups stay, by the times in their names; files of others are left alone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from klink.backups import Keep, Manifest, listed, newest, prune
from klink.backups.container import write
from klink.backups.packing import store
from klink.backups.shelf import name_of
from tests.backups.house import nothing

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
EMPTY = Manifest("1.2.3", "sqlite", 18, "e0" * 16, NOW, {}, {}, {}, ())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "backups").mkdir()
    return tmp_path / "backups"


def put(folder: Path, *times: datetime, size: int = 10, schema: int = 18) -> None:
    """Backups of these times."""
    members = folder.parent / "members"
    for at in times:
        (members / "database.sqlite.gz").unlink(missing_ok=True)
        member = store(members, "database.sqlite.gz", b"x" * size)
        made = replace(EMPTY, at=at, schema=schema, members=(member,))
        write(folder / name_of(at), made, members, nothing)


def left(folder: Path) -> list[datetime]:
    return [each.at for each in listed(folder)]


def test_the_newest_of_hours_days_and_weeks_stay(folder: Path) -> None:
    every = [NOW - timedelta(hours=n) for n in (*range(32), *range(32, 24 * 36, 8))]
    every += [NOW - timedelta(hours=n, minutes=5) for n in range(30)]
    put(folder, *every)
    gone = prune(folder, Keep(hourly=24, daily=7, weekly=4))
    stay = left(folder)
    assert gone + len(stay) == len(every)
    assert stay[:24] == [NOW - timedelta(hours=n) for n in range(24)]
    # Then the last one of each day and of each week (which ends on Sunday), in UTC.
    assert [f"{at:%m-%d %H:%M}" for at in stay[24:]] == [
        "03-12 23:09", "03-11 23:09", "03-10 23:09", "03-09 23:09", "03-08 23:09",
        "03-01 23:09", "02-22 23:09",
    ]  # fmt: skip
    assert prune(folder, Keep(hourly=24, daily=7, weekly=4)) == 0


def test_a_pause_costs_nothing_that_is_kept(folder: Path) -> None:
    times = [NOW - timedelta(days=200 + n) for n in range(3)]
    put(folder, *times)
    assert prune(folder, Keep(hourly=3, daily=0, weekly=0)) == 0


def test_the_newest_good_one_stays_whatever_the_settings_say(folder: Path) -> None:
    put(folder, NOW, NOW - timedelta(hours=1), size=5_000)
    (folder / name_of(NOW + timedelta(hours=1))).write_bytes(b"cut short")
    assert prune(folder, Keep(hourly=0, daily=0, weekly=0, max_bytes=1)) == 1
    found = newest(folder)
    assert found is not None
    assert (found.at, found.problem) == (NOW, "")
    assert len(list(folder.iterdir())) == 2  # what is damaged is for somebody to look at


def test_the_oldest_go_when_all_take_too_much(folder: Path) -> None:
    times = [NOW - timedelta(hours=n) for n in range(5)]
    put(folder, *times, size=100_000)
    assert prune(folder, Keep(max_bytes=350_000)) == 2
    assert left(folder) == times[:3]


def test_the_last_one_of_the_schema_before_stays_beside_newer_ones(folder: Path) -> None:
    old = [NOW - timedelta(minutes=n) for n in (9, 8)]
    put(folder, *old, schema=17)
    put(folder, NOW, NOW - timedelta(minutes=1), schema=18)
    assert prune(folder, Keep(hourly=1, daily=1, weekly=1)) == 2
    assert left(folder) == [NOW, old[1]]


def test_files_of_others_are_left_alone(folder: Path, tmp_path: Path) -> None:
    put(folder, NOW)
    put(tmp_path, NOW - timedelta(days=1))
    others = ["notes.txt", "klink-20260101T000000Z.tar.old", "klink-20269901T000000Z.tar"]
    for name in others:
        (folder / name).write_text("mine")
    (folder / name_of(NOW - timedelta(days=2))).write_text("mine, by another's name")
    (folder / name_of(NOW - timedelta(days=1))).symlink_to(
        tmp_path / name_of(NOW - timedelta(days=1))
    )
    (folder / name_of(NOW - timedelta(days=3))).mkdir()
    before = set(folder.iterdir())
    assert prune(folder, Keep(hourly=0, daily=0, weekly=0)) == 0
    assert set(folder.iterdir()) == before
    assert [each.at for each in listed(folder) if not each.problem] == [NOW]


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert listed(tmp_path / "none") == []
    assert newest(tmp_path / "none") is None
