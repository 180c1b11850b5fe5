"""The clicks of the last minutes, as the ledger counts them in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from klink.clicks.enrich import Enricher
from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.clicks.recent import MINUTES, RecentClicks
from klink.clicks.record import encode
from tests.clicks.world import NOW, NOW_MS, clicks, make_links, visit

EPOCH = b"e" * 16
MINUTE_MS = 60_000
MINUTE = NOW_MS // MINUTE_MS
BOT = "Googlebot/2.1 (+http://www.google.com/bot.html)"


class Clock:
    """A time that only a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def wait(self, minutes: float) -> None:
        self.now += timedelta(minutes=minutes)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def recent(clock: Clock) -> RecentClicks:
    """One that has counted for a day."""
    clock.now -= timedelta(days=1)
    made = RecentClicks(clock)
    clock.now = NOW
    return made


def test_without_clicks_there_are_thirty_zeros(recent: RecentClicks) -> None:
    found = recent.of(1)
    assert found.clicks == (0,) * MINUTES
    assert (found.last(5), found.since) == (0, None)


def test_clicks_are_told_by_the_minute_and_the_workspace(recent: RecentClicks) -> None:
    recent.add([(1, MINUTE, 3), (1, MINUTE - 4, 2), (2, MINUTE, 7)])
    recent.add([(1, MINUTE, 1), (1, MINUTE - 5, 10), (1, MINUTE - 29, 100)])
    found = recent.of(1)
    assert (found.last(1), found.last(5), found.last(30)) == (4, 6, 116)
    assert (found.clicks[0], found.clicks[-1]) == (100, 4)
    assert recent.of(2).last(30) == 7


def test_minutes_pass(recent: RecentClicks, clock: Clock) -> None:
    recent.add([(1, MINUTE, 3)])
    clock.wait(5)
    assert (recent.of(1).last(5), recent.of(1).last(30)) == (0, 3)
    clock.wait(25)
    assert recent.of(1).last(30) == 0


def test_what_is_older_than_that_or_lies_ahead_is_not_counted(recent: RecentClicks) -> None:
    recent.add([(1, MINUTE - MINUTES, 5), (1, MINUTE + 1, 5)])
    assert recent.of(1).last(30) == 0


def test_it_forgets_workspaces_that_nobody_clicks(recent: RecentClicks, clock: Clock) -> None:
    recent.add([(number, MINUTE, 1) for number in range(500)])
    clock.wait(31)
    recent.add([(7, MINUTE + 31, 1)])
    assert len(recent) == 1


def test_it_says_since_when_it_counts_until_that_is_half_an_hour(clock: Clock) -> None:
    recent = RecentClicks(clock)
    began = clock.now
    assert recent.of(1).since == began
    clock.wait(20)
    assert recent.of(1).since == began
    clock.wait(15)
    assert recent.of(1).since is None


Begin = Callable[[RecentClicks], tuple[Journal, Ledger]]


@pytest.fixture
def begin(db: str, tmp_path: Path, clock: Clock) -> Iterator[Begin]:
    """Starts a ledger that tells of its clicks; all share one data folder."""
    make_links()
    begun: list[tuple[Journal, Ledger]] = []

    def begin_one(recent: RecentClicks) -> tuple[Journal, Ledger]:
        journal = Journal.open(tmp_path, EPOCH, fsync_every_s=None)
        ledger = Ledger(journal, Enricher(lambda _: ""), clock, recent=recent)
        begun.append((journal, ledger))
        return journal, ledger

    yield begin_one
    for journal, ledger in begun:
        ledger.stop(drain=False)
        journal.close()


def test_the_ledger_counts_the_clicks_of_people(
    begin: Begin, recent: RecentClicks, clock: Clock
) -> None:
    journal, ledger = begin(recent)
    ledger.start()
    journal.append(clicks(3, link_id=1))
    journal.append(clicks(2, link_id=2, at_ms=NOW_MS - 10 * MINUTE_MS))
    journal.append(clicks(4, link_id=3))
    journal.append([encode(visit(user_agent=BOT)), encode(visit(at_ms=NOW_MS - 3_600_000))])
    assert ledger.wait(60) == 0.0
    assert (recent.of(1).last(5), recent.of(1).last(30)) == (3, 5)
    assert recent.of(2).last(5) == 4


def test_clicks_of_a_record_that_cannot_be_folded_do_not_take_the_others_along(
    begin: Begin, recent: RecentClicks
) -> None:
    journal, ledger = begin(recent)
    journal.append([*clicks(3), b'["no record"]', *clicks(2, link_id=3)])
    ledger.start()
    assert ledger.wait(60) == 0.0
    assert ledger.status().set_aside == 1
    assert (recent.of(1).last(5), recent.of(2).last(5)) == (3, 2)


def test_after_a_restart_it_begins_anew(begin: Begin, clock: Clock) -> None:
    journal, ledger = begin(RecentClicks(clock))
    journal.append(clicks(3))  # which nobody folds
    ledger.stop(drain=False)
    journal.close()
    clock.wait(1)
    anew = RecentClicks(clock)
    journal, ledger = begin(anew)
    ledger.start()
    journal.append(clicks(2, at_ms=NOW_MS + MINUTE_MS))
    assert ledger.wait(60) == 0.0
    assert anew.of(1).last(30) == 2
    assert anew.of(1).since == clock.now
