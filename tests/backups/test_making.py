"""A backup is whole, whatever is written meanwhile, and leaves nothing behind when it fails."""

from __future__ import annotations

import fcntl
import os
import resource
import shutil
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from klink.backups import BackupFailed, BackupUnusable, Source, Target, check, listed, make
from klink.db import connection, meta
from tests.backups.house import SECRET, House, Made, apart, nothing, read_back
from tests.clicks.world import NOW

MIB = 1 << 20


def fill(mib: int) -> None:
    """Make the database larger, so that its copy takes several steps."""
    for number in range(mib):
        meta.put(f"filler-{number}", os.urandom(MIB // 2).hex())


def test_everything_comes_back(house: House, elsewhere: Target) -> None:
    house.ledger.start()
    house.click(30, link_id=1)
    house.click(12, link_id=2)
    house.ledger.wait()
    before = read_back()
    backup = house.back_up()
    done, after = house.bring_back(backup.path, elsewhere)
    assert after == before == Made(["slug1", "slug2", "slug3"], 42, {1: 30, 2: 12})
    assert (elsewhere.data_dir / "secret").read_text() == SECRET
    assert (done.visits.found, done.kept) == (0, ())


def test_clicks_that_wait_in_the_journal_are_counted_by_the_restore(
    house: House, elsewhere: Target
) -> None:
    house.click(30, link_id=1)  # and no ledger runs
    done, after = house.bring_back(house.back_up().path, elsewhere)
    assert (done.visits.found, after.totals) == (30, {1: 30})


def test_clicks_answered_while_the_database_is_copied_are_in_it_and_none_twice(
    house: House, elsewhere: Target
) -> None:
    fill(9)
    house.ledger.start()
    house.click(5)
    house.ledger.wait()
    steps: list[str] = []

    def watch(step: str, *_: int) -> None:
        if step == "copy" and len(steps) < 4:
            steps.append(step)
            house.click(10)
            apart(lambda: house.ledger.wait(60))  # counted where it runs, after the copy's moment

    backup = house.back_up(watch=watch)
    answered = 5 + 10 * len(steps)
    _, after = house.bring_back(backup.path, elsewhere)
    assert len(steps) > 2
    assert after.totals == {1: answered}


def test_segments_stay_while_they_are_copied_and_go_afterwards(
    db: str, tmp_path: Path, elsewhere: Target
) -> None:
    house = House(tmp_path / "data", db, segment_bytes=4096)
    house.ledger.start()
    fill(5)
    seen: list[int] = []

    def segments() -> list[Path]:
        return sorted((house.data_dir / "journal").glob("*/*.log"))

    def watch(step: str, *_: int) -> None:
        if step == "copy" and not seen:
            for _round in range(6):
                house.click(30)
            apart(lambda: house.ledger.wait(60))
            house.journal.tend()
            seen.append(len(segments()))

    try:
        backup = house.back_up(watch=watch)
        house.journal.tend()
        assert seen[0] >= 6
        assert len(segments()) <= 1
        answered = 180 * len(seen)
    finally:
        house.end()
    _, after = house.bring_back(backup.path, elsewhere)
    assert after.totals == {1: answered}


def test_who_writes_waits_for_no_step_and_does_not_make_it_begin_anew(house: House) -> None:
    fill(12)
    written: list[int] = []

    def watch(step: str, done: int, __: int) -> None:
        if step == "copy" and len(written) < 5:
            apart(lambda: meta.put(f"meanwhile-{len(written)}", "x" * 100_000))
            written.append(done)

    backup = house.back_up(watch=watch)
    assert written == sorted(set(written))  # always onwards
    assert len(written) > 2
    assert backup.manifest is not None
    assert len(meta.under("meanwhile-")) >= len(written)
    found = backup.manifest.rows["meta"]
    assert found == len(meta.under("")) - len(written)  # none of what came later


def test_two_at_once_are_both_whole(house: House) -> None:
    house.click(7)
    meet = threading.Barrier(2, timeout=30)
    made: list[Path] = []

    def one() -> None:
        waited: list[bool] = []

        def watch(*_: object) -> None:
            if not waited:
                waited.append(True)
                meet.wait()

        made.append(house.back_up(watch=watch).path)
        connection.close_thread()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    connection.disconnect()
    assert len(set(made)) == 2
    for path in made:
        assert check(path, NOW).visits == 7
    assert len(listed(house.folder)) == 2


def test_a_backup_is_for_its_owner_only(house: House) -> None:
    path = house.back_up().path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(house.folder.stat().st_mode) == 0o700
    assert list(house.folder.iterdir()) == [path]


@pytest.mark.parametrize("kind", ["file", "link", "dangling"])
def test_no_file_is_written_over(house: House, tmp_path: Path, kind: str) -> None:
    house.folder.mkdir()
    there = house.folder / "mine.tar"
    if kind == "file":
        there.write_text("mine")
    else:
        there.symlink_to(tmp_path / "klink.db" if kind == "link" else tmp_path / "none")
    with pytest.raises(BackupFailed, match="already"):
        house.back_up(name="mine.tar")
    assert list(house.folder.iterdir()) == [there]


def test_a_file_that_comes_meanwhile_is_not_written_over(house: House) -> None:
    def watch(*_: object) -> None:
        (house.folder / "mine.tar").write_text("mine")

    with pytest.raises(BackupFailed, match="already"):
        house.back_up(name="mine.tar", watch=watch)
    assert (house.folder / "mine.tar").read_text() == "mine"


def test_a_backup_that_does_not_come_back_is_thrown_away(house: House) -> None:
    def no_good(*_: object) -> None:
        raise BackupUnusable("the database in the backup is damaged: it is not in order")

    with pytest.raises(BackupFailed, match="thrown away: the database in the backup is damaged"):
        make(Source(house.data_dir, "1", no_good), house.folder, NOW)
    assert list(house.folder.iterdir()) == []


def test_a_disk_without_room_is_told_before_anything_is_written(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=MIB))
    with pytest.raises(BackupFailed, match="1 MiB are free; make room"):
        house.back_up()
    assert list(house.folder.iterdir()) == []


@pytest.mark.parametrize("limit", [100, 9_000])
def test_a_disk_that_fills_up_meanwhile_leaves_nothing_behind(house: House, limit: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        with pytest.raises(BackupFailed) as refused:
            house.back_up()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(refused.value)
    assert list(house.folder.iterdir()) == []
    assert house.back_up().path.exists()


def test_a_backup_that_is_stopped_leaves_nothing_behind(house: House) -> None:
    class Stopped(Exception):
        pass

    def stopping(at: str) -> Callable[[str, int, int], None]:
        def watch(step: str, *_: int) -> None:
            if step == at:
                raise Stopped

        return watch

    for step in ("copy", "write"):
        with pytest.raises(Stopped):
            house.back_up(watch=stopping(step))
        assert list(house.folder.iterdir()) == []


def test_what_a_killed_backup_left_is_swept_up_and_what_is_being_made_is_not(house: House) -> None:
    house.folder.mkdir()
    left, used = house.folder / ".klink-work-0", house.folder / ".klink-work-1"
    for folder in (left, used):
        folder.mkdir()
        (folder / "copy").write_text("half")
    fd = os.open(used, os.O_RDONLY)
    fcntl.flock(fd, fcntl.LOCK_EX)
    house.back_up()
    os.close(fd)
    assert (left.exists(), used.exists()) == (False, True)


def test_a_folder_that_cannot_be_written_is_told(house: House, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(BackupFailed, match=r"no backup can be made in .*file/backups"):
        make(Source(house.data_dir, "1", nothing), tmp_path / "file/backups", NOW)
