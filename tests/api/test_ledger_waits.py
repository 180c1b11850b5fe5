"""Reads that show counts see every click answered before them, or say that they do not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from klink.clicks.journal import Journal
from klink.clicks.ledger import Ledger
from klink.clicks.record import ClickRecord, Flag, encode
from klink.core.times import to_ms
from klink.db.models import LinkUse
from tests.api.conftest import NOW, Person

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"


@pytest.fixture
def running(ledger: Ledger, owner: Person) -> Iterator[Ledger]:
    ledger.start()
    yield ledger
    ledger.stop()


def click(journal: Journal, link: dict[str, Any], times: int = 1) -> None:
    flags = Flag.VIEW | Flag.CLICK
    record = ClickRecord(
        to_ms(NOW), link["number"], 0, 1, int(flags), "v_1", "", "", BROWSER, "", "en", None
    )
    journal.append([encode(record)] * times)


@pytest.mark.every_engine
def test_a_click_is_counted_by_the_next_read(
    running: Ledger, journal: Journal, owner: Person
) -> None:
    link = owner.link()
    paths = {
        f"links/{link['id']}": lambda body: body["clicks"],
        "links": lambda body: body["items"][0]["clicks"],
        f"links/{link['id']}/stats": lambda body: body["totals"]["clicks"],
        f"links/{link['id']}/clicks": lambda body: len(body["items"]),
        "analytics": lambda body: body["total_clicks"],
    }
    for number, (path, clicks) in enumerate(paths.items(), start=1):
        click(journal, link)
        reply = owner.get(path)
        assert clicks(reply.json) == number
        assert "Klink-Ledger-Lag" not in reply.headers


@pytest.mark.every_engine
def test_uses_are_counted_from_the_clicks_so_far(
    running: Ledger, journal: Journal, owner: Person
) -> None:
    link = owner.link()
    click(journal, link, times=5)
    reply = owner.patch(f"links/{link['id']}", {"max_clicks": 10})
    assert (reply.json["max_clicks"], reply.json["clicks"]) == (10, 5)
    assert LinkUse.get(LinkUse.link_id == link["number"]).used == 5


@contextmanager
def nothing_can_be_counted(engine: str, database_url: str) -> Iterator[None]:
    if engine == "sqlite":
        path = database_url.removeprefix("sqlite:///")
        other: Any = sqlite3.connect(path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
    else:
        other = psycopg.connect(database_url)
        other.execute("LOCK TABLE clicks IN EXCLUSIVE MODE")
    try:
        yield
    finally:
        other.rollback()
        other.close()


@pytest.mark.every_engine
def test_when_the_ledger_stays_behind_the_answer_says_so(
    running: Ledger, journal: Journal, owner: Person, engine: str, database_url: str
) -> None:
    link = owner.link()
    with nothing_can_be_counted(engine, database_url):
        click(journal, link)
        reply = owner.get(f"links/{link['id']}")
        assert reply.json["clicks"] == 0
        assert float(reply.headers["Klink-Ledger-Lag"]) > 0
        ready = owner.get("/ready").json["ledger"]
        assert ready["waiting_bytes"] > 0
    assert owner.get(f"links/{link['id']}").json["clicks"] == 1
