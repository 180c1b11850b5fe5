"""Imports of many links: twice, and killed between."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from klink.db.models import Link, LinkTotal
from tests.cli.conftest import Klink, core

YOURLS_HEAD = """-- MySQL dump 10.13  Distrib 8.0.36
CREATE TABLE `yourls_url` (
  `keyword` varchar(100) NOT NULL, `url` text NOT NULL, `title` text,
  `timestamp` timestamp NOT NULL, `ip` varchar(41) NOT NULL, `clicks` int unsigned NOT NULL,
  PRIMARY KEY (`keyword`)
);
"""


def yourls_dump(path: Path, many: int, *, first: int = 0) -> None:
    """A dump of this many links, as mysqldump writes one."""
    with path.open("w") as file:
        file.write(YOURLS_HEAD)
        for start in range(first, first + many, 400):
            rows = ",".join(
                f"('k{i}','https://example.com/a/{i}?b=\\'{i % 7}\\'','Title \\\"{i}\\\"; (it)',"
                f"'2021-02-03 04:05:{i % 60:02d}','192.0.2.{i % 250}',{i % 500})"
                for i in range(start, min(start + 400, first + many))
            )
            file.write(f"INSERT INTO `yourls_url` VALUES {rows};\n")


@pytest.fixture
def here(home: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a fresh database: SQLite's alone, as both engines take in links alike."""
    (home / "data").mkdir()
    shutil.copy(sqlite_template, home / "data" / "klink.db")
    monkeypatch.setenv("KLINK_SERVER__BASE_URL", "https://go.example.org")
    return home / "data"


def _told(done_json: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in done_json.items() if value and name != "took_s"}


def test_ten_thousand_links_of_yourls_twice(klink: Klink, home: Path, here: Path) -> None:
    yourls_dump(home / "dump.sql", 10_000)
    first = klink("import", "yourls", "dump.sql", "--json").json
    assert _told(first) == {"rows": 10_000, "made": 10_000}
    again = klink("import", "yourls", "dump.sql", "--json").json
    assert _told(again) == {"rows": 10_000, "there": 10_000}
    with core(here):
        link = Link.get(Link.slug == "k9999")
        assert (link.url, link.title) == ("https://example.com/a/9999?b='3'", 'Title "9999"; (it)')
        assert link.created_at.isoformat() == "2021-02-03T04:05:39+00:00"
        assert LinkTotal.get_by_id(link.id).clicks == 499
        assert Link.select().count() == 10_000


def test_an_import_that_was_killed_goes_on(klink: Klink, home: Path, here: Path) -> None:
    yourls_dump(home / "dump.sql", 4_000)
    klink("migrate")
    process = subprocess.Popen(
        [sys.executable, "-m", "klink", "import", "yourls", "dump.sql"], env=dict(os.environ)
    )
    with core(here):
        until = time.monotonic() + 30
        while process.poll() is None and time.monotonic() < until:
            if Link.select().count():
                break
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        taken = Link.select().count()
    assert 0 < taken < 4_000
    done = klink("import", "yourls", "dump.sql", "--json").json
    assert (done["there"], done["made"]) == (taken, 4_000 - taken)
    with core(here):
        assert Link.select().count() == 4_000
        assert LinkTotal.select().count() == 4_000
