"""A database that holds anything is backed up before it gets a newer schema, or it gets none."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from klink.backups import Target, listed, restore
from klink.clicks.enrich import Enricher
from klink.config import load
from klink.db import connection, migrate
from klink.db.connection import write
from klink.db.models import Meta
from klink.opening import NoBackupNoUpgrade, upgrade
from tests.cli.conftest import empty_database
from tests.clicks.world import NOW

LAST = migrate.available()[-1]


@pytest.fixture
def old(database_url: str, tmp_path: Path) -> Iterator[str]:
    """A database of the schema before the newest, with something in it."""
    empty_database(database_url)
    connection.connect(database_url, tmp_path)
    migrate.migrate_to(LAST[0] - 1)
    with write():
        Meta.insert(key="mine", value="5").execute()
    yield database_url
    connection.disconnect()


def config(url: str, folder: Path, **env: str):
    own = {"KLINK_DATABASE__URL": url, "KLINK_DATA_DIR": str(folder / "data")}
    return load(None, own | env, folder)


def test_a_backup_from_before_the_upgrade_brings_the_old_schema_s_rows_back(
    old: str, tmp_path: Path
) -> None:
    assert upgrade(config(old, tmp_path)) == [LAST[1]]
    (made,) = listed(tmp_path / "data/backups")
    assert made.manifest is not None
    assert made.manifest.schema == LAST[0] - 1
    with write():
        Meta.delete().where(Meta.key == "mine").execute()
    connection.disconnect()
    file = connection.sqlite_path(old, tmp_path)
    target = Target(tmp_path / "data", old, file)
    restore(made.path, target, Enricher(lambda _: ""), NOW, force=True)
    connection.connect(old, tmp_path)
    assert Meta.get_by_id("mine").value == "5"
    assert migrate.pending() == []  # restored and brought up to date in one


def test_a_database_that_cannot_be_backed_up_is_not_upgraded(old: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    blocked = {"KLINK_BACKUPS__FOLDER": str(tmp_path / "file/backups")}
    with pytest.raises(NoBackupNoUpgrade, match="before_upgrades = false") as refused:
        upgrade(config(old, tmp_path, **blocked))
    assert "\n" not in str(refused.value)
    assert migrate.schema_version() == LAST[0] - 1
    without = config(old, tmp_path, KLINK_BACKUPS__BEFORE_UPGRADES="false", **blocked)
    assert upgrade(without) == [LAST[1]]


def test_a_fresh_database_and_one_that_is_up_to_date_need_no_backup(
    database_url: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    empty_database(database_url)
    connection.connect(database_url, tmp_path)
    caplog.set_level(logging.INFO)
    assert upgrade(config(database_url, tmp_path))[0] == migrate.available()[0][1]
    assert upgrade(config(database_url, tmp_path)) == []
    connection.disconnect()
    assert not (tmp_path / "data/backups").exists()
