"""The journal keeps every click it took, and says which ones it could not take."""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from klink.clicks.frames import FRAME_HEAD_BYTES, HEADER_BYTES, frame, header
from klink.clicks.journal import Journal
from klink.clicks.journal_reader import DeadStream, Position, StreamReader, segment_path

EPOCH = bytes(range(16))

Open = Callable[..., Journal]


@pytest.fixture
def open_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Opens journals in one data folder, which tests tend; closed afterwards if still open."""
    monkeypatch.setattr("klink.clicks.journal._TEND_EVERY_S", 3600.0)
    opened: list[Journal] = []

    def open_one(**options) -> Journal:
        opened.append(Journal.open(tmp_path, EPOCH, **{"fsync_every_s": None, **options}))
        return opened[-1]

    yield open_one
    for journal in opened:
        journal.close()


def record(number: int) -> bytes:
    return json.dumps([number, "x" * (number % 7)], separators=(",", ":")).encode()


def start_of(reader: StreamReader) -> Position:
    return Position(reader.stream, 0, 0)


def read_all(reader: StreamReader, max_bytes: int = 1 << 20) -> list[int]:
    """The numbers of all records, read to the tail in steps."""
    position, found = start_of(reader), []
    while True:
        batch = reader.read(position, max_bytes)
        for payload in batch.payloads:
            found += [number for number, _ in json.loads(b"[" + payload + b"]")]
        assert batch.next >= position
        position = batch.next
        if batch.at_tail:
            return found


def stream_folder(tmp_path: Path, journal: Journal) -> Path:
    return tmp_path / "journal" / journal.stream


def dead_stream(tmp_path: Path, *segments: bytes, epoch: bytes = EPOCH) -> StreamReader:
    """A stream that nobody writes any more, of the given bytes."""
    folder = tmp_path / "journal" / ("ab" * 16)
    folder.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(segments, start=1):
        segment_path(folder, number).write_bytes(data)
    return StreamReader(folder, epoch)


def test_what_was_appended_is_read_back_in_order(open_journal: Open) -> None:
    journal = open_journal()
    assert journal.append([record(1), record(2)])
    assert journal.append([record(3)])
    assert read_all(journal.reader()) == [1, 2, 3]


def test_a_journal_without_clicks_has_nothing_to_read(open_journal: Open) -> None:
    journal = open_journal()
    assert journal.append([])
    batch = journal.reader().read(start_of(journal.reader()), 1000)
    assert batch.payloads == []
    assert batch.at_tail
    assert batch.next == journal.end()


def test_the_end_covers_every_append_that_has_returned(open_journal: Open) -> None:
    journal = open_journal()
    reader = journal.reader()
    journal.append([record(1)])
    batch = reader.read(start_of(reader), 1000)
    assert batch.next == journal.end()
    journal.append([record(2)])
    assert batch.next < journal.end()
    assert reader.waiting_bytes(batch.next) == len(frame([record(2)]))
    assert reader.read(batch.next, 1000).payloads == [record(2)]


def test_an_append_wakes_whoever_waits_for_clicks(open_journal: Open) -> None:
    journal = open_journal()
    assert not journal.written.is_set()
    journal.append([record(1)])
    assert journal.written.wait(0)


def test_appends_of_many_threads_are_all_read_whole_while_they_run(open_journal: Open) -> None:
    journal = open_journal(segment_bytes=4096)
    threads = [
        threading.Thread(
            target=lambda first: [journal.append([record(first + n)]) for n in range(500)],
            args=(thread * 1000,),
        )
        for thread in range(4)
    ]
    for thread in threads:
        thread.start()
    reader, position, found = journal.reader(), Position(journal.stream, 0, 0), []
    while any(thread.is_alive() for thread in threads) or position < journal.end():
        batch = reader.read(position, 700)
        position = batch.next
        found += [json.loads(payload)[0] for payload in batch.payloads]
    assert sorted(found) == sorted(t * 1000 + n for t in range(4) for n in range(500))
    assert reader.damaged == 0


def test_files_are_for_the_owner_only(open_journal: Open, tmp_path: Path) -> None:
    journal = open_journal()
    journal.append([record(1)])
    folder = stream_folder(tmp_path, journal)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


def test_a_full_segment_is_followed_by_the_next_and_reading_goes_across(
    open_journal: Open, tmp_path: Path
) -> None:
    journal = open_journal(segment_bytes=100)
    for number in range(20):
        assert journal.append([record(number)])
    segments = sorted(stream_folder(tmp_path, journal).glob("*.log"))
    assert len(segments) > 5
    assert all(path.stat().st_size <= 100 for path in segments)
    for max_bytes in (1, 30, 1 << 20):
        assert read_all(journal.reader(), max_bytes) == list(range(20))


def test_only_segments_before_a_durable_position_are_deleted(
    open_journal: Open, tmp_path: Path
) -> None:
    journal = open_journal(segment_bytes=100)
    for number in range(20):
        journal.append([record(number)])
    reader = journal.reader()
    reader.delete_before(Position(journal.stream, 3, 50))
    names = sorted(path.name for path in stream_folder(tmp_path, journal).glob("*.log"))
    assert names[0] == "00000003.log"
    assert read_all(reader)[-1] == 19


def test_a_frame_larger_than_asked_for_is_read_whole(open_journal: Open) -> None:
    journal = open_journal()
    journal.append([record(n) for n in range(100)])
    assert read_all(journal.reader(), max_bytes=16) == list(range(100))


def test_a_torn_tail_at_every_byte_costs_only_the_torn_frame(tmp_path: Path) -> None:
    frames = [frame([record(1)]), frame([record(2), record(3)]), frame([record(4)])]
    whole = header(EPOCH) + b"".join(frames)
    ends = [HEADER_BYTES + sum(map(len, frames[:n])) for n in range(4)]
    for cut in range(len(whole) + 1):
        reader = dead_stream(tmp_path, whole[:cut])
        expected = [1, 2, 3, 4][: [0, 1, 3, 4][max(sum(end <= cut for end in ends) - 1, 0)]]
        assert read_all(reader) == expected, cut
        assert (reader.damaged, reader.foreign) == (0, 0), cut


def test_a_torn_tail_does_not_hide_the_next_segment(tmp_path: Path) -> None:
    first = header(EPOCH) + frame([record(1)]) + frame([record(2)])[:-3]
    second = header(EPOCH) + frame([record(3)])
    assert read_all(dead_stream(tmp_path, first, second)) == [1, 3]
    assert read_all(dead_stream(tmp_path, b"", second)) == [3]


def test_a_tail_of_zeros_as_a_power_cut_leaves_it_is_skipped(tmp_path: Path) -> None:
    reader = dead_stream(tmp_path, header(EPOCH) + frame([record(1)]) + bytes(500))
    assert read_all(reader) == [1]
    assert reader.damaged == 0


def test_a_damaged_byte_anywhere_in_a_frame_costs_only_that_frame(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before, hit, after = frame([record(1)]), frame([record(13)]), frame([record(3)])
    for at in range(len(hit)):
        for bit in (1, 0x80):
            damaged = bytearray(hit)
            damaged[at] ^= bit
            reader = dead_stream(tmp_path, header(EPOCH) + before + damaged + after)
            caplog.clear()
            assert read_all(reader) == [1, 3], (at, bit)
            assert reader.damaged == 1
            assert "damaged" in caplog.text


def test_markers_and_lengths_within_damage_do_not_mislead(tmp_path: Path) -> None:
    rubbish = frame([record(1)])[:FRAME_HEAD_BYTES] + b"\xf5\xc3" * 5 + b"\xf5"
    data = header(EPOCH) + rubbish + frame([record(2)]) + rubbish + frame([record(3)])
    reader = dead_stream(tmp_path, data)
    assert read_all(reader) == [2, 3]
    assert reader.damaged == 2


@pytest.mark.parametrize(
    "begin", [header(b"another database"), b"klinkJ9\n" + EPOCH, b"x", b"\0" * HEADER_BYTES]
)
def test_a_segment_of_another_life_is_moved_aside_and_never_read(
    tmp_path: Path, begin: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    ours = header(EPOCH) + frame([record(2)])
    reader = dead_stream(tmp_path, begin + frame([record(1)]), ours)
    assert read_all(reader) == [2]
    assert reader.foreign == 1
    moved = tmp_path / "journal" / "foreign" / f"{reader.stream}-00000001.log"
    assert moved.read_bytes() == begin + frame([record(1)])
    assert "not of this database" in caplog.text


def test_a_start_claims_what_dead_processes_left_and_nothing_else(
    open_journal: Open, tmp_path: Path
) -> None:
    dead, living = open_journal(), open_journal()
    dead.append([record(1)])
    living.append([record(2)])
    dead.close()
    third = open_journal()
    assert [stream.stream for stream in third.dead] == [dead.stream]
    assert read_all(third.dead[0]) == [1]
    assert open_journal().dead == []  # claimed by the third
    third.dead[0].remove()
    assert not stream_folder(tmp_path, dead).exists()
    assert stream_folder(tmp_path, living).exists()


def test_a_claim_ends_with_its_process(open_journal: Open) -> None:
    first = open_journal()
    first.close()
    second = open_journal()
    second.close()
    third = open_journal()
    assert {stream.stream for stream in third.dead} == {first.stream, second.stream}
    assert all(isinstance(stream, DeadStream) for stream in third.dead)


def test_after_close_an_append_is_refused_and_counted(open_journal: Open) -> None:
    journal = open_journal()
    journal.close()
    assert not journal.append([record(1), record(2)])
    assert journal.lost == 2


def test_a_full_disk_loses_clicks_without_raising_and_goes_on_when_there_is_room(
    open_journal: Open,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    journal = open_journal()
    journal.append([record(1)])
    with monkeypatch.context() as full:

        def refuse(fd: int, data: bytes) -> int:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        full.setattr("klink.clicks.journal.os.write", refuse)
        for _ in range(50):
            assert not journal.append([record(2), record(3)])
    assert journal.lost == 100
    assert journal.append([record(4)])
    assert read_all(journal.reader()) == [1, 4]
    assert len(list(stream_folder(tmp_path, journal).glob("*.log"))) == 1
    journal.close()
    reports = [line for line in caplog.messages if "cannot be written" in line]
    assert 1 <= len(reports) <= 2  # the first at once, the last when it closes
    assert "No space left" in reports[0]
    assert "100 in all" in reports[-1]


_SMALL_FILES = """
import json, resource, signal, sys
from pathlib import Path
from klink.clicks.journal import Journal

limit = int(sys.argv[2])
journal = Journal.open(Path(sys.argv[1]), bytes(range(16)), fsync_every_s=None)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
taken = [n for n in range(300) if journal.append([json.dumps([n, "x"]).encode()])]
lost = journal.lost
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
taken += [n for n in range(300, 310) if journal.append([json.dumps([n, "x"]).encode()])]
files = len(list((Path(sys.argv[1]) / "journal" / journal.stream).glob("*.log")))
print(json.dumps([taken, lost, files]))
"""


@pytest.mark.parametrize("limit", [0, 10, 300, 1000])
def test_a_write_that_is_cut_short_seals_the_segment_and_only_its_clicks_are_lost(
    tmp_path: Path, open_journal: Open, limit: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _SMALL_FILES, str(tmp_path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    taken, lost, files = json.loads(done.stdout)
    assert len(taken) + lost == 310
    assert taken[-10:] == list(range(300, 310))
    (dead,) = open_journal().dead
    assert read_all(dead) == taken
    assert dead.damaged == 0
    if limit < HEADER_BYTES + FRAME_HEAD_BYTES:
        assert lost == 300
        assert files == 1  # a refusing disk is not littered with segments
    else:
        assert 0 < lost < 300


@pytest.mark.parametrize("every_s, expected", [(0.0, True), (None, False)])
def test_always_means_synced_before_the_append_returns_and_off_means_never(
    open_journal: Open, monkeypatch: pytest.MonkeyPatch, every_s: float | None, expected: bool
) -> None:
    journal = open_journal(fsync_every_s=every_s)
    synced: list[int] = []

    def note(fd: int) -> None:
        synced.append(os.fstat(fd).st_size)

    monkeypatch.setattr("klink.clicks.journal.os.fsync", note)
    journal.append([record(1)])
    assert (journal.end().offset in synced) is expected


def test_an_interval_is_synced_by_a_thread_and_at_the_end(
    open_journal: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(fsync_every_s=3600.0)
    synced: list[tuple[str, int]] = []
    monkeypatch.setattr(
        "klink.clicks.journal.os.fsync",
        lambda fd: synced.append((threading.current_thread().name, os.fstat(fd).st_size)),
    )
    journal.append([record(1)])
    assert synced == []
    journal.close()
    assert ("klink-journal", journal.end().offset) in synced


def test_one_sync_serves_every_append_that_waits(
    open_journal: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = open_journal(fsync_every_s=0.0)
    journal.append([record(0)])
    entered, go, syncs = threading.Event(), threading.Event(), []

    def slow(fd: int) -> None:
        syncs.append(os.fstat(fd).st_size)
        entered.set()
        go.wait(10)

    monkeypatch.setattr("klink.clicks.journal.os.fsync", slow)
    threads = [threading.Thread(target=journal.append, args=([record(1)],)) for _ in range(8)]
    for thread in threads:
        thread.start()
    entered.wait(10)
    whole = HEADER_BYTES + len(frame([record(0)])) + 8 * len(frame([record(1)]))
    while journal.end().offset < whole:
        pass
    go.set()
    for thread in threads:
        thread.join()
    assert len(syncs) <= 2


def test_a_sync_that_fails_is_logged_and_the_click_kept(
    open_journal: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    journal = open_journal(fsync_every_s=0.0)
    with monkeypatch.context() as broken:

        def fail(fd: int) -> None:
            raise OSError(errno.EIO, "Input/output error")

        broken.setattr("klink.clicks.journal.os.fsync", fail)
        assert journal.append([record(1)])
    assert "could not be synced" in caplog.text
    assert read_all(journal.reader()) == [1]


def logs(tmp_path: Path, journal: Journal) -> list[str]:
    return sorted(path.name for path in stream_folder(tmp_path, journal).glob("*.log"))


def test_an_old_segment_is_sealed_and_deleted_as_soon_as_all_of_it_is_folded(
    open_journal: Open, tmp_path: Path
) -> None:
    journal = open_journal(segment_s=0.0)
    reader = journal.reader()
    journal.append([record(1)])
    journal.tend()
    assert logs(tmp_path, journal) == ["00000001.log"]  # it is not folded
    first = reader.read(start_of(reader), 1000)
    assert first.payloads == [record(1)]
    journal.release(first.next)
    assert logs(tmp_path, journal) == []
    assert journal.end() == first.next
    assert reader.read(first.next, 1000) == ([], first.next, True)
    assert reader.waiting_bytes(first.next) == 0
    journal.append([record(2)])
    assert logs(tmp_path, journal) == ["00000002.log"]
    second = reader.read(first.next, 1000)
    assert second == ([record(2)], journal.end(), True)
    journal.release(second.next)
    journal.tend()  # this time nothing is folded after it was sealed
    assert logs(tmp_path, journal) == []


def test_a_young_segment_stays_open(open_journal: Open, tmp_path: Path) -> None:
    journal = open_journal()
    journal.append([record(1)])
    journal.release(journal.end())
    journal.tend()
    journal.append([record(2)])
    assert logs(tmp_path, journal) == ["00000001.log"]


def take_segments(folder: Path) -> None:
    for path in folder.glob("*.log"):
        path.unlink()


def take_all_files(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()


def take_root(folder: Path) -> None:
    shutil.rmtree(folder.parent)


def move_root(folder: Path) -> None:
    folder.parent.rename(folder.parent.with_name("elsewhere"))


@pytest.mark.parametrize(
    "take", [take_segments, take_all_files, shutil.rmtree, take_root, move_root]
)
def test_when_its_files_are_taken_away_it_counts_what_is_lost_and_goes_on(
    open_journal: Open,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    take: Callable[[Path], None],
) -> None:
    journal = open_journal()
    journal.append([record(1)])
    journal.release(journal.end())
    folded = journal.end()
    journal.append([record(2), record(3)])
    take(stream_folder(tmp_path, journal))
    journal.append([record(4)])  # nobody can know yet
    journal.written.clear()
    journal.tend()
    assert journal.lost == 3
    assert "up to 3 clicks are lost" in caplog.text
    assert journal.written.is_set()
    reader = journal.reader()
    assert reader.read(folded, 1000) == ([], journal.end(), True)
    assert journal.append([record(5)])
    assert reader.read(folded, 1000) == ([record(5)], journal.end(), True)
    journal.tend()
    assert journal.lost == 3
    assert stream_folder(tmp_path, journal).stat().st_mode & 0o777 == 0o700
    assert open_journal().dead == []  # it is locked again


def test_the_loss_of_an_open_segment_is_for_the_journal_to_find_not_for_its_reader(
    open_journal: Open, tmp_path: Path
) -> None:
    journal = open_journal(segment_bytes=100)
    for number in range(10):
        journal.append([record(number)])
    end = journal.end()
    folder = stream_folder(tmp_path, journal)
    reader = StreamReader(folder, EPOCH, lambda: end)  # as long as the journal has not noticed
    segment_path(folder, end.segment).unlink()
    with pytest.raises(FileNotFoundError):
        reader.read(Position(journal.stream, end.segment - 1, 100), 1000)


def test_a_folder_taken_away_before_the_first_click_is_made_again(
    open_journal: Open, tmp_path: Path
) -> None:
    journal = open_journal()
    shutil.rmtree(tmp_path / "journal")
    journal.tend()
    assert journal.append([record(1)])
    assert read_all(journal.reader()) == [1]
    assert journal.lost == 0


def test_an_epoch_of_another_length_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Journal.open(tmp_path, b"short")


@pytest.fixture(autouse=True)
def _all_levels(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)


def test_the_size_is_that_of_all_streams_segments(open_journal: Open, tmp_path: Path) -> None:
    journal = open_journal()
    assert journal.size_bytes() == 0
    journal.append([record(n) for n in range(100)])
    dead_stream(tmp_path, frame([record(1)]))
    on_disk = [path.stat().st_size for path in tmp_path.glob("journal/*/*.log")]
    assert len(on_disk) == 2
    assert journal.size_bytes() == sum(on_disk)
