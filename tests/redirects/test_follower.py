"""Caches hear of what other processes change, and miss nothing."""

from __future__ import annotations

import logging
import threading
from datetime import timedelta

import peewee
import pytest

from klink.core import changes, links
from klink.core.context import Changed, Context
from klink.core.errors import DatabaseBusy
from klink.db import connection
from klink.db.connection import write
from klink.redirects.follower import BLIND_S, ChangeFeed
from tests.redirects.site import Site


class Heard:
    """What a feed said, and a clock for it."""

    def __init__(self) -> None:
        self.changes: list[str | None] = []
        self.flushes = 0
        self.monotonic_s = 100.0

    def announce(self, changed: Changed) -> None:
        self.changes.append(changed.slug)

    def flush(self) -> None:
        self.flushes += 1


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def feed(site: Site, heard: Heard) -> ChangeFeed:
    made = ChangeFeed(heard.announce, heard.flush, lambda: site.now, lambda: heard.monotonic_s)
    made.open()
    return made


def elsewhere(site: Site, slug: str) -> None:
    """Another process changes a link: this one's announcements do not hear of it."""
    with write():
        changes.record(Context(site.now, site.ctx.settings), Changed("link", 1, 1, slug))


def test_each_change_is_handed_on_once(site: Site, heard: Heard, feed: ChangeFeed) -> None:
    for slug in ("a", "b"):
        elsewhere(site, slug)
    feed.look()
    feed.look()
    elsewhere(site, "c")
    site.later(minutes=1)
    feed.look()
    feed.look()
    assert heard.changes == ["a", "b", "c"]
    assert heard.flushes == 0


def test_what_was_there_before_is_not_handed_on(site: Site, heard: Heard) -> None:
    elsewhere(site, "before")
    feed = ChangeFeed(heard.announce, heard.flush, lambda: site.now)
    feed.open()
    feed.look()
    assert heard.changes == []


def test_looks_that_fail_lose_nothing(
    site: Site, heard: Heard, feed: ChangeFeed, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere(site, "a")

    def out_of_reach() -> None:
        raise peewee.OperationalError("database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "_open", out_of_reach)
        for _ in range(3):
            with pytest.raises(DatabaseBusy):
                feed.look()
    elsewhere(site, "b")
    feed.look()
    assert heard.changes == ["a", "b"]
    assert heard.flushes == 0


def test_after_too_long_without_a_look_everything_goes(
    site: Site, heard: Heard, feed: ChangeFeed
) -> None:
    heard.monotonic_s += BLIND_S
    feed.look()
    assert heard.flushes == 0
    heard.monotonic_s += BLIND_S + 0.1
    elsewhere(site, "a")
    feed.look()
    feed.look()
    assert (heard.flushes, heard.changes) == (1, ["a"])


def test_the_thread_hears_of_a_change_within_a_second(site: Site) -> None:
    hears = threading.Event()
    feed = ChangeFeed(lambda _: hears.set(), lambda: None)
    feed.start()
    try:
        elsewhere(site, "a")
        assert hears.wait(1.0)
    finally:
        feed.stop()


def test_another_processs_change_reaches_the_visitor(site: Site) -> None:
    link = site.link()
    feed = ChangeFeed(site.announce, site.cache.flush, lambda: site.now)
    feed.open()
    assert site.ask("/spring").headers["Location"] == "https://example.com/spring"
    beside = Context(site.now + timedelta(seconds=1), site.ctx.settings)
    patch = links.LinkPatch(url="https://example.com/two")
    links.update(beside, site.owner, link.uid, patch)
    assert site.ask("/spring").headers["Location"] == "https://example.com/spring"
    feed.look()
    assert site.ask("/spring").headers["Location"] == "https://example.com/two"


def test_a_thread_that_cannot_read_says_so_once_and_goes_on(
    site: Site, heard: Heard, feed: ChangeFeed, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: Changed) -> None:
        raise RuntimeError("no cache today")

    broken = ChangeFeed(fail, heard.flush, lambda: site.now)
    broken.open()
    with caplog.at_level(logging.WARNING):
        for slug in "ab":
            elsewhere(site, slug)
            broken.look_or_log()
    assert len(caplog.messages) == 1
    assert heard.flushes == 2
