"""A restore replaces nothing by itself, keeps what was there, and begins a new life."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from klink.backups import RestoreRefused, Target
from klink.clicks.journal import Journal
from klink.db import connection, copying, migrate
from klink.db.connection import database, read, write
from klink.db.models import Domain, Link, Meta
from tests.backups.house import House, read_back
from tests.clicks.world import clicks


def here(house: House) -> Target:
    """Where the house itself is."""
    return Target(house.data_dir, house.url, connection.sqlite_path(house.url, house.data_dir))


def test_a_database_that_is_there_is_replaced_by_force_only_and_kept(
    house: House, engine: str
) -> None:
    house.click(3)
    backup = house.back_up()
    with write():
        Link.update(slug="later").where(Link.id == 1).execute()
    (house.data_dir / "secret").write_text("00" * 32)
    with pytest.raises(RestoreRefused, match="--force"):
        house.bring_back(backup.path, here(house))
    connection.connect(house.url, house.data_dir)
    assert "later" in read_back().links
    done, after = house.bring_back(backup.path, here(house), force=True)
    assert (after.links, after.totals) == (["slug1", "slug2", "slug3"], {1: 3})
    (data_dir,) = house.data_dir.glob("before-restore-*")
    assert (data_dir / "secret").read_text() == "00" * 32
    assert list((data_dir / "journal").glob("*/*.log"))
    assert str(data_dir) in done.kept
    if engine == "sqlite":
        (old,) = Path(house.url.removeprefix("sqlite:///")).parent.glob("before-restore-*")
        with copying.opened(old / "klink.db") as kept:
            slugs = kept.execute("SELECT slug FROM links ORDER BY slug").fetchall()
    else:
        schema = done.kept[0].split()[2]
        with read():
            slugs = list(database.execute_sql(f"SELECT slug FROM {schema}.links ORDER BY slug"))
    assert slugs == [("later",), ("slug2",), ("slug3",)]


def test_two_restores_at_the_same_time_of_day_keep_both(house: House) -> None:
    backup = house.back_up()
    first, _ = house.bring_back(backup.path, here(house), force=True)
    second, after = house.bring_back(backup.path, here(house), force=True)
    assert set(first.kept).isdisjoint(second.kept)
    assert after.links == ["slug1", "slug2", "slug3"]


def test_the_log_of_the_old_database_does_not_reach_into_the_new_one(
    sqlite_template: Path, tmp_path: Path
) -> None:
    shutil.copy(sqlite_template, tmp_path / "klink.db")
    url = f"sqlite:///{tmp_path / 'klink.db'}"
    connection.connect(url, tmp_path)
    house = House(tmp_path / "data", url)
    backup = house.back_up()
    with write():
        Meta.insert(key="late", value="x" * 50_000).execute()
    file = Path(house.url.removeprefix("sqlite:///"))
    log = file.with_name("klink.db-wal")
    assert log.stat().st_size > 50_000
    shutil.copy(log, log.with_name("saved"))
    house.end()
    connection.disconnect()
    shutil.copy(log.with_name("saved"), log)  # as a kill leaves it
    house.bring_back(backup.path, here(house), force=True)
    assert Meta.get_or_none(Meta.key == "late") is None
    assert copying.integrity(file) == ""
    connection.disconnect()


def test_a_restored_database_meets_no_clicks_of_another_life(
    house: House, elsewhere: Target
) -> None:
    house.click(5)
    before = migrate.epoch()
    backup = house.back_up()
    house.bring_back(backup.path, elsewhere)
    assert migrate.epoch() != before
    journal = Journal.open(elsewhere.data_dir, migrate.epoch(), fsync_every_s=None)
    journal.append(clicks(1))
    journal.close()
    assert read_back().totals == {1: 5}


def test_numbers_that_were_given_out_do_not_come_back(house: House, elsewhere: Target) -> None:
    with write():
        made = Domain.create(host="gone.example.org", created_at=0)
        number = made.id
        made.delete_instance()
    backup = house.back_up()
    house.bring_back(backup.path, elsewhere)
    with write():
        assert Domain.create(host="new.example.org", created_at=0).id > number


def test_a_server_that_writes_the_journal_is_in_the_way(house: House, engine: str) -> None:
    backup = house.back_up()
    other = Journal.open(house.data_dir, migrate.epoch(), fsync_every_s=None)
    try:
        with pytest.raises(RestoreRefused, match="stop it first"):
            house.bring_back(backup.path, here(house), force=True)
    finally:
        other.close()


def test_a_backup_of_the_other_engine_is_refused(house: House, engine: str, tmp_path: Path) -> None:
    backup = house.back_up()
    folder = tmp_path / "other"
    other = {
        "sqlite": Target(folder, "postgresql://localhost/none", None),
        "postgresql": Target(folder, "sqlite:///klink.db", folder / "klink.db"),
    }[engine]
    with pytest.raises(RestoreRefused, match="is a backup of"):
        house.bring_back(backup.path, other)
    assert not folder.exists()
