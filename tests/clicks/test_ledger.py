"""The ledger folds every click exactly once, whatever fails, and readers see it in time."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from klink.clicks.enrich import Enricher
from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.clicks.record import Flag, encode
from klink.db import connection, migrate
from klink.db.connection import after_commit, database, engine, write
from klink.db.models import (
    Click,
    DayVisitor,
    JournalPosition,
    Link,
    LinkTotal,
    LinkVisitor,
    WorkspaceDay,
    WorkspaceVisitor,
)
from tests.clicks.world import NOW, PURGED_LINK, Mortal, clicks, make_links, rows, visit
from tests.locks import locked

EPOCH = b"e" * 16
LONG_S = 60.0


class Server:
    """A journal and its ledger over one data folder."""

    def __init__(
        self,
        data_dir: Path,
        mortal: Mortal | None = None,
        part_visits: int = 5_000,
        **options: Any,
    ) -> None:
        mortal = mortal or Mortal()
        self.journal = Journal.open(data_dir, EPOCH, fsync_every_s=None, **options)
        self.ledger = Ledger(self.journal, mortal.enricher(), mortal.clock, part_visits=part_visits)
        self.data_dir = data_dir

    def start(self) -> Server:
        self.ledger.start()
        return self

    def click(self, count: int = 1, **fields: Any) -> None:
        assert self.journal.append(clicks(count, **fields))

    def end(self, *, drain: bool = True) -> bool:
        done = self.ledger.stop(drain, timeout_s=LONG_S)
        self.journal.close()
        return done

    def segments(self) -> list[Path]:
        return sorted(self.data_dir.glob("journal/*/*.log"))


Begin = Callable[..., Server]


@pytest.fixture
def begin(db: str, tmp_path: Path) -> Iterator[Begin]:
    """Begins servers on one data folder, with links to click on; ends those still running."""
    begun: list[Server] = []
    make_links()

    def begin_one(mortal: Mortal | None = None, folder: str = "data", **options: Any) -> Server:
        begun.append(Server(tmp_path / folder, mortal, **options))
        return begun[-1]

    yield begin_one
    for server in begun:
        server.end(drain=False)


def counted(link_id: int = 1) -> int:
    return dict(rows(LinkTotal, "link_id", "clicks")).get(link_id, 0)


def test_a_reader_sees_every_click_answered_before_it_asked(begin: Begin) -> None:
    server = begin().start()
    for number in range(1, 20):
        server.click()
        assert server.ledger.wait(LONG_S) == 0.0
        assert counted() == number


def test_clicks_of_many_threads_are_all_counted(begin: Begin) -> None:
    server = begin().start()

    def click_often() -> None:
        for _ in range(100):
            server.click()

    threads = [threading.Thread(target=click_often) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.ledger.wait(LONG_S) == 0.0
    assert counted() == 400


def test_without_a_running_ledger_a_reader_does_not_wait(begin: Begin) -> None:
    server = begin()
    server.click()
    assert server.ledger.wait(LONG_S) == 0.0
    server.start()
    assert server.end()
    assert server.ledger.wait(LONG_S) == 0.0


def test_a_status_of_nothing_waiting_is_all_zeros(begin: Begin) -> None:
    server = begin().start()
    server.click()
    server.ledger.wait(LONG_S)
    assert server.ledger.status() == (0, 0.0, 0, 0, 0, 0)


def test_while_the_database_is_locked_readers_learn_how_far_behind_it_is(
    begin: Begin, db: str
) -> None:
    mortal = Mortal()
    server = begin(mortal).start()
    server.click()
    assert server.ledger.wait(LONG_S) == 0.0
    with locked(db):
        server.click()
        server.click()
        assert 0.0 < server.ledger.wait(0.05) < 1.0
        mortal.now = NOW + timedelta(seconds=7)
        assert 6.0 < server.ledger.wait(0.05) <= 7.0
        status = server.ledger.status()
        assert 6.0 < status.lag_s <= 7.0
        assert status.waiting_bytes > 0
    assert server.ledger.wait(LONG_S) == 0.0
    assert counted() == 3
    assert server.ledger.status().lag_s == 0.0


@contextmanager
def missing_table() -> Iterator[None]:
    database.execute_sql("ALTER TABLE link_totals RENAME TO elsewhere")
    yield
    database.execute_sql("ALTER TABLE elsewhere RENAME TO link_totals")


class Heard(logging.Handler):
    """Whether the ledger has warned yet."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.warned = threading.Event()

    def emit(self, record: logging.LogRecord) -> None:
        """Note it."""
        self.warned.set()


@pytest.fixture
def heard() -> Iterator[Heard]:
    handler = Heard()
    logging.getLogger("klink.clicks.ledger").addHandler(handler)
    yield handler
    logging.getLogger("klink.clicks.ledger").removeHandler(handler)


def test_an_episode_of_refusals_is_logged_once(
    begin: Begin, caplog: pytest.LogCaptureFixture, heard: Heard
) -> None:
    with missing_table():
        server = begin().start()
        server.click()
        assert heard.warned.wait(LONG_S)
        server.ledger.wait(0.5)
    assert server.ledger.wait(LONG_S) == 0.0
    said = [message for message in caplog.messages if "clicks " in message]
    assert len([message for message in said if "clicks wait in the journal" in message]) == 1
    assert said[-1] == "clicks are folded again"


def test_a_stop_folds_what_is_left_and_leaves_no_segment(begin: Begin) -> None:
    server = begin().start()
    server.click(500)
    assert server.end()
    assert counted() == 500
    assert server.segments() == []


def test_what_a_stop_leaves_is_counted_by_the_next_start(begin: Begin) -> None:
    first = begin()
    first.click(5)
    assert not first.end(drain=False)
    assert len(first.segments()) == 1
    second = begin().start()
    second.click(2)
    assert second.ledger.wait(LONG_S) == 0.0
    assert counted() == 7
    streams = [folder.name for folder in (second.data_dir / "journal").iterdir() if folder.is_dir()]
    assert streams == [second.journal.stream]
    assert rows(JournalPosition, "stream") == [(second.journal.stream,)]


def test_a_drain_that_cannot_end_gives_up_in_time_and_loses_nothing(begin: Begin, db: str) -> None:
    server = begin().start()
    with locked(db):
        server.click(3)
        assert not server.ledger.stop(drain=True, timeout_s=0.2)
    server.end(drain=False)
    assert begin().start().ledger.wait(LONG_S) == 0.0
    assert counted() == 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_death_at_any_moment_of_a_fold_counts_every_click_once(begin: Begin) -> None:
    survived = False
    lives = 0
    while not survived:
        lives += 1
        mortal = Mortal(dies_at=lives)
        server = begin(mortal).start()
        server.click(3)
        server.ledger.wait(LONG_S)
        survived = server.end()
    assert lives > 5
    assert begin().start().ledger.wait(LONG_S) == 0.0
    assert counted() == 3 * lives
    assert len(rows(Click, "id")) == 3 * lives


def test_a_commit_whose_answer_is_lost_is_not_folded_again(begin: Begin) -> None:
    class Forgetful(Mortal):
        lost = False

        def clock(self) -> datetime:
            if database.transaction_depth() and not self.lost:
                self.lost = True
                after_commit(self.lose)
            return super().clock()

        def lose(self) -> None:
            raise ConnectionResetError("the answer to COMMIT")

    mortal = Forgetful()
    server = begin(mortal).start()
    server.click(3)
    assert server.ledger.wait(LONG_S) == 0.0
    assert mortal.lost
    assert counted() == 3


BROKEN = [b'{"not":"a record"}', b"[1,2]", b'["x",1,0,1,3,"","","","","","",null]', b"[[[", b"\xff"]


def test_records_that_cannot_be_folded_are_set_aside_and_stop_no_other(
    begin: Begin, caplog: pytest.LogCaptureFixture
) -> None:
    server = begin()
    good = clicks(40)
    for record in BROKEN[:3]:  # in one frame with good ones
        assert server.journal.append([*good[:10], record, *good[10:13]])
    for record in BROKEN[3:]:  # a frame that is no JSON is set aside whole
        assert server.journal.append([record])
    server.start()
    assert server.ledger.wait(LONG_S) == 0.0
    assert counted() == 39
    assert server.ledger.status().set_aside == len(BROKEN)
    path = server.data_dir / "journal" / "set-aside.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert [line["record"] for line in lines] == [
        record.decode("ascii", "backslashreplace") for record in BROKEN
    ]
    assert all(line["error"] and line["at"] for line in lines)
    assert path.stat().st_mode & 0o777 == 0o600
    assert f"{len(BROKEN)} records could not be folded" in caplog.text


def test_one_broken_record_alone_does_not_hold_up_the_ledger(begin: Begin) -> None:
    server = begin().start()
    server.journal.append([BROKEN[0]])
    assert server.ledger.wait(LONG_S) == 0.0
    server.click()
    assert server.ledger.wait(LONG_S) == 0.0
    assert (counted(), server.ledger.status().set_aside) == (1, 1)


def test_a_look_up_that_chokes_on_a_value_is_the_record_s_fault(begin: Begin) -> None:
    class Picky(Mortal):
        def enricher(self) -> Enricher:
            def country(net: str) -> str:
                if net == "198.51.100.0/24":
                    raise LookupError(net)
                return "DE"

            return Enricher(country)

    server = begin(Picky()).start()
    server.journal.append([*clicks(2), *clicks(1, net="198.51.100.0/24"), *clicks(2)])
    assert server.ledger.wait(LONG_S) == 0.0
    assert (counted(), server.ledger.status().set_aside) == (4, 1)


def test_a_missing_table_is_not_taken_for_a_broken_record(begin: Begin) -> None:
    server = begin()
    server.click(3)
    with missing_table():
        server.start()
        assert server.ledger.wait(0.3) > 0.0
    assert server.ledger.wait(LONG_S) == 0.0
    assert (counted(), server.ledger.status().set_aside) == (3, 0)


def test_a_full_disk_during_a_fold_is_waited_out(tmp_path: Path) -> None:
    class Full(Mortal):
        """SQLite may have no more pages, until the test says so."""

        is_full = threading.Event()
        was_tried = threading.Event()

        def enricher(self) -> Enricher:
            return Enricher(self._country)

        def _country(self, net: str) -> str:
            pages = 2**30
            if not self.is_full.is_set():
                (pages,) = database.execute_sql("PRAGMA page_count").fetchone()
                self.was_tried.set()
            database.execute_sql(f"PRAGMA max_page_count = {pages}")
            return ""

    connection.connect("sqlite:///klink.db", tmp_path)
    migrate.migrate()
    make_links()
    mortal = Full()
    server = Server(tmp_path, mortal)
    for number in range(100):
        server.click(10, user_agent=f"agent {number}" * 20)
    server.start()
    assert mortal.was_tried.wait(LONG_S)
    assert server.ledger.wait(0.3) > 0.0
    assert rows(Click, "id") == []
    mortal.is_full.set()
    assert server.ledger.wait(LONG_S) == 0.0
    assert (counted(), server.ledger.status().set_aside) == (1000, 0)
    server.end()
    connection.disconnect()


def test_folded_segments_are_deleted_while_the_server_runs(begin: Begin) -> None:
    server = begin(segment_bytes=4096).start()
    for _ in range(20):
        server.click(10)
    assert server.ledger.wait(LONG_S) == 0.0
    server.click()
    assert server.ledger.wait(LONG_S) == 0.0
    assert len(server.segments()) <= 2
    assert counted() == 201


def test_an_idle_server_keeps_no_segment_for_long(begin: Begin) -> None:
    server = begin(segment_s=0.0).start()
    for number in range(1, 4):
        server.click()
        assert server.ledger.wait(LONG_S) == 0.0
        server.journal.tend()
        assert server.segments() == []
        assert counted() == number
    assert server.ledger.status() == (0, 0.0, 0, 0, 0, 0)


def test_when_the_journal_is_deleted_under_it_readers_wait_no_longer_and_clicks_count_again(
    begin: Begin,
) -> None:
    server = begin().start()
    server.click(3)
    assert server.ledger.wait(LONG_S) == 0.0
    shutil.rmtree(server.data_dir / "journal")
    server.click(2)
    assert server.ledger.wait(LONG_S) == 0.0
    server.click(4)
    assert server.ledger.wait(LONG_S) == 0.0
    assert counted() >= 7
    assert counted() + server.journal.lost == 9
    assert server.ledger.status().waiting_bytes == 0


def test_agents_are_looked_up_before_the_lock_is_taken(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    class Watchful(Mortal):
        def enricher(self) -> Enricher:
            enricher = super().enricher()
            look_up = enricher.agent

            def agent(user_agent: str) -> Any:
                asked.append(database.in_transaction())
                return look_up(user_agent)

            monkeypatch.setattr(enricher, "agent", agent)
            return enricher

    server = begin(Watchful()).start()
    server.journal.append([encode(visit(user_agent=f"Agent/{n}")) for n in range(50)])
    assert server.ledger.wait(LONG_S) == 0.0
    assert asked == [False] * 50


def test_clicks_of_a_purged_link_are_dropped_and_the_workspace_keeps_what_it_had(
    begin: Begin,
) -> None:
    server = begin().start()
    server.click(2, link_id=2)
    server.ledger.wait(LONG_S)
    with write():
        Link.delete().where(Link.id == 2).execute()
    server.click(5, link_id=2)
    server.click(5, link_id=PURGED_LINK)
    server.click(1, link_id=1)
    assert server.ledger.wait(LONG_S) == 0.0
    assert len(rows(Click, "id")) == 3
    assert ("", 3) in rows(WorkspaceDay, "value", "clicks")


def test_a_journal_of_another_database_is_never_folded(begin: Begin, tmp_path: Path) -> None:
    other = Journal.open(tmp_path / "data", b"another database", fsync_every_s=None)
    other.append(clicks(3))
    other.close()
    server = begin().start()
    server.click()
    assert server.ledger.wait(LONG_S) == 0.0
    assert counted() == 1
    assert server.ledger.status().foreign == 1


def test_a_dead_stream_that_cannot_be_removed_holds_up_nobody(begin: Begin) -> None:
    first = begin()
    first.click(2)
    first.end(drain=False)
    (first.segments()[0].parent / "somebody's file").write_text("x")
    second = begin().start()
    second.click()
    assert second.ledger.wait(LONG_S) == 0.0
    second.end()
    third = begin().start()
    third.click()
    assert third.ledger.wait(LONG_S) == 0.0
    assert counted() == 4


def waiting(server: Server) -> None:
    """Six clicks of every link that wait, in a batch of at least six parts."""
    for number in range(6):
        server.journal.append(
            [encode(visit(link_id=link, visitor=f"v_{number}")) for link in (1, 2, 3)]
        )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("dies_at", range(2, 14))
def test_a_batch_that_was_counted_in_part_is_counted_to_its_end(begin: Begin, dies_at: int) -> None:
    first = begin(Mortal(dies_at), part_visits=3)
    waiting(first)
    first.start()
    first.end()
    second = begin().start()
    second.click(link_id=3)
    assert second.ledger.wait(LONG_S) == 0.0
    expected = [(1, 6, 6), (2, 6, 6), (3, 7, 7)]
    assert rows(LinkTotal, "link_id", "clicks", "uniques") == expected
    assert {row[0] for row in rows(JournalPosition, "end_offset")} == {0}


def test_what_is_written_behind_a_batch_that_was_begun_is_counted_once(begin: Begin) -> None:
    class Interrupted(Mortal):
        """Between two parts of a batch a click comes, and then the fold fails once."""

        was_asked = 0

        def clock(self) -> datetime:
            if threading.current_thread().name == "klink-ledger":
                self.was_asked += 1
                if self.was_asked == 4:
                    server.click(link_id=2)
                    raise OSError("once")
            return super().clock()

    server = begin(Interrupted(), part_visits=3)
    waiting(server)
    server.start()
    assert server.ledger.wait(LONG_S) == 0.0  # the batch that was begun
    assert server.ledger.wait(LONG_S) == 0.0
    assert rows(LinkTotal, "link_id", "clicks") == [(1, 6), (2, 7), (3, 6)]


def test_a_record_that_only_a_later_part_refuses_is_set_aside_and_no_other(begin: Begin) -> None:
    """PostgreSQL keeps the run of an experiment in 32 bits, SQLite does not mind."""
    server = begin(part_visits=3)
    waiting(server)
    server.journal.append([encode(visit(link_id=2, visitor="v_x")._replace(run=2**40))])
    server.start()
    assert server.ledger.wait(LONG_S) == 0.0
    clicks = dict(rows(LinkTotal, "link_id", "clicks"))
    refused = server.ledger.status().set_aside
    assert (clicks[1], clicks[2] + refused, clicks[3]) == (6, 7, 6)
    assert refused == (engine() == "postgresql")


def test_two_ledgers_at_once_count_a_shared_visitor_once(begin: Begin) -> None:
    servers = [begin(folder=name) for name in ("one", "two")]
    for server in servers:
        for number in range(60):
            server.journal.append(
                [
                    encode(visit(visitor=f"v_{(number * 7 + n) % 40}", variant_id=1 + n % 2))
                    for n in range(20)
                ]
            )
    for server in servers:
        server.start()
    for server in servers:
        assert server.ledger.wait(LONG_S) == 0.0
    assert rows(LinkTotal, "clicks", "uniques") == [(2400, 40)]
    assert len(rows(LinkVisitor, "visitor")) == 40
    assert len(rows(WorkspaceVisitor, "visitor")) == 40
    first = rows(LinkVisitor, "visitor", "day", "variant_id")
    again = rows(DayVisitor, "visitor", "day", "variant_id")
    assert len(first + again) == len(set(first + again)) == 80
    assert {row[2] for row in first + again} == {1, 2}
    total = ("", 2400, 40)
    assert total in rows(WorkspaceDay, "value", "clicks", "uniques")


def test_visits_are_counted_by_kind(begin: Begin) -> None:
    server = begin()
    server.start()
    server.journal.append(clicks(3))
    server.journal.append(
        [encode(visit(user_agent="curl/8.0")), encode(visit(link_id=PURGED_LINK))]
    )
    server.journal.append([encode(visit(flags=int(Flag.VIEW | Flag.PREVIEW)))])
    assert server.ledger.wait(LONG_S) == 0
    assert server.ledger.visits() == {"person": 3, "bot": 1, "preview": 1, "prefetch": 0}


def test_visits_beside_a_record_that_is_set_aside_are_counted_by_kind_once(begin: Begin) -> None:
    server = begin()
    server.journal.append([*clicks(3), b'["no", "record"]', encode(visit(user_agent="curl/8.0"))])
    server.start()
    assert server.ledger.wait(LONG_S) == 0
    assert server.ledger.status().set_aside == 1
    assert server.ledger.visits() == {"person": 3, "bot": 1, "preview": 0, "prefetch": 0}
