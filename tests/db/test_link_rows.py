"""What a redirect needs of a link, read by a worker and by the event loop."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from klink.db import connection
from klink.db.connection import DatabaseBusy
from klink.db.link_rows import LoopReader, fetch
from tests.redirects.site import Site


@pytest.fixture
def site(db: str, tmp_path: Path) -> Iterator[Site]:
    """A site on each engine."""
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def sqlite_file(sqlite_template: Path, tmp_path: Path) -> Iterator[Path]:
    """A fresh SQLite database, bound: the loop reads no other."""
    path = tmp_path / "klink.db"
    shutil.copy(sqlite_template, path)
    connection.connect("sqlite:///klink.db", tmp_path)
    yield path
    connection.disconnect()


@pytest.fixture
def reader(sqlite_file: Path) -> Iterator[LoopReader]:
    made = LoopReader(sqlite_file)
    yield made
    made.close()


def test_a_link_without_variants_is_one_row(site: Site) -> None:
    link = site.link()
    rows = fetch(1, "spring")
    assert rows is not None
    assert (rows.link.id, rows.link.location) == (link.id, "https://example.com/spring")
    assert (rows.variants, rows.rules) == ((), ())
    assert fetch(1, "Spring") is None
    assert fetch(2, "spring") is None


def test_variants_come_in_their_order(site: Site) -> None:
    link = site.split()
    rows = fetch(1, "spring")
    assert rows is not None
    assert [tuple(row) for row in rows.variants] == [
        (place, variant.id, variant.label, variant.url, 50, None)
        for place, variant in enumerate(link.variants)
    ]


def test_the_loop_reads_what_a_worker_reads(reader: LoopReader, tmp_path: Path) -> None:
    assert reader.fetch(1, "spring") is None
    site = Site(tmp_path)
    site.split()
    assert reader.fetch(1, "spring") == fetch(1, "spring")
    site.close()


def test_while_another_writes_the_loop_reads_what_was_there(
    reader: LoopReader, sqlite_file: Path
) -> None:
    other = sqlite3.connect(sqlite_file, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    other.execute("DELETE FROM domains")
    assert reader.fetch(1, "spring") is None
    other.close()


def test_trouble_is_told_at_once(sqlite_file: Path) -> None:
    reader = LoopReader(sqlite_file)
    reader.close()
    with pytest.raises(DatabaseBusy):
        reader.fetch(1, "spring")


def test_the_loop_cannot_write(reader: LoopReader) -> None:
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader._connection.execute("DELETE FROM links")
