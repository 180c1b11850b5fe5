"""``klink backup`` and ``klink restore``, as people use them."""

from __future__ import annotations

import fcntl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from klink import backups
from klink.db import connection
from klink.db.models import Meta
from tests.cli.conftest import Klink, core, empty_database


@pytest.fixture
def made(here: Path) -> Path:
    """A backup that nobody has tried, which takes a process, of a database without links."""
    source = backups.Source(here, "1.2.3", check=lambda *_: None)
    with core(here) as ctx:
        return backups.make(source, here.parent, ctx.now, name="made.tar").path


def test_a_backup_is_made_listed_tried_and_restored(
    klink: Klink, here: Path, database_url: str
) -> None:
    assert "there is no backup" in klink("backup", "--list").err
    assert klink("backup", "--list", "--json").json == []
    klink("links", "create", "https://example.com/", "--slug", "spring")
    told = klink("backup", "--json").json
    assert Path(told["file"]).parent == here / "backups"
    assert f"{datetime.now(UTC):klink-%Y}" in told["file"]
    assert (told["links"], told["problem"]) == (1, None)
    assert klink("backup", "--list", "--json").json == [told]
    assert told["file"] in klink("backup", "--list").out

    assert "1 link, as of" in klink("restore", told["file"], "--check").line
    klink("links", "delete", "spring")
    assert "--force" in klink("restore", told["file"]).refusal
    done = klink("restore", told["file"], "--force", "--json").json
    assert (done["rows"]["links"], done["visits_in_journal"]) == (1, 0)
    assert done["kept"]
    assert [each["slug"] for each in klink("links", "list", "--json").json] == ["spring"]
    empty_database(database_url)
    assert klink("restore", told["file"]).out.startswith("restored 1 link, as of ")
    assert [each["slug"] for each in klink("links", "list", "--json").json] == ["spring"]


def test_what_cannot_be_is_told_in_a_line(klink: Klink, here: Path, made: Path) -> None:
    (here.parent / "notes.txt").write_text("nothing of klink's")
    for words, why in (
        (("backup", "made.tar"), "already"),
        (("backup", "."), "is a folder"),
        (("backup", "none/x.tar"), "there is no folder"),
        (("restore", "none.tar"), "No such file"),
        (("restore", "--check", "none.tar"), "No such file"),
        (("restore", "notes.txt"), "no backup of klink's"),
    ):
        assert why in klink(*words).refusal
    with (here / "klink.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert "stop it first" in klink("restore", "made.tar", "--force").refusal


def test_words_that_do_not_go_together_are_usage(klink: Klink, home: Path) -> None:
    assert klink("backup", "--list", "x.tar").status == 2
    assert klink("restore", "--check", "--force", "x.tar").status == 2


def test_a_newer_database_is_not_backed_up(klink: Klink, here: Path, database_url: str) -> None:
    connection.connect(database_url, here)
    with connection.write():
        Meta.update(value="9000").where(Meta.key == "schema").execute()
    connection.disconnect()
    assert "schema 9000" in klink("backup", "x.tar").refusal
    assert not (here.parent / "x.tar").exists()
