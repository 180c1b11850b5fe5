from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from klink.db import connection, migrate, migrations
from tests.cli.conftest import Klink, empty_database


@contextmanager
def server_of(data_dir: Path) -> Iterator[None]:
    """A lock on the data folder, as the server holds it."""
    data_dir.mkdir(exist_ok=True)
    with (data_dir / "klink.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture
def newer_klink(tmp_path_factory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A klink with one migration more than the database has seen."""
    folder = tmp_path_factory.mktemp("migrations")
    (folder / "9000_more.py").write_text('STATEMENTS = ("CREATE TABLE more (id BIGINT)",)\n')
    monkeypatch.setattr(migrations, "__path__", [*migrations.__path__, str(folder)])


def tables(url: str, here: Path) -> set[str]:
    connection.connect(url, here)
    found = set(connection.database.get_tables())
    connection.disconnect()
    return found


def test_an_empty_database_is_migrated_and_what_ran_is_shown(
    klink: Klink, here: Path, database_url: str
):
    empty_database(database_url)
    assert klink("migrate").out.split() == [name for _, name in migrate.available()]
    assert klink("migrate").line == "nothing to do"
    assert klink("migrate", "--json").json == {"migrations": []}
    assert "links" in tables(database_url, here)


def test_any_command_makes_the_schema_and_the_first_workspace(
    klink: Klink, here: Path, database_url: str
):
    empty_database(database_url)
    assert [each["name"] for each in klink("workspaces", "list", "--json").json] == ["default"]
    assert [each["email"] for each in klink("users", "list", "--json").json] == ["owner@localhost"]


def test_commands_work_while_the_server_runs(klink: Klink, here: Path):
    with server_of(here):
        assert klink("links", "create", "https://example.com/").status == 0
        assert klink("jobs", "run", "clean-up").status == 0


def test_a_fresh_database_is_made_while_the_server_starts(
    klink: Klink, here: Path, database_url: str
):
    empty_database(database_url)
    with server_of(here):
        assert klink("keys", "create", "--name", "me").status == 0


def test_migrate_refuses_beside_a_running_server_on_sqlite(klink: Klink, here: Path, engine: str):
    with server_of(here):
        done = klink("migrate")
    if engine == "sqlite":
        assert "stop the server" in done.refusal
        done = klink("migrate")
    assert done.line == "nothing to do"


def test_an_older_schema_is_migrated_by_the_way_when_no_server_can_be_there(
    klink: Klink, here: Path, database_url: str, engine: str, newer_klink
):
    done = klink("keys", "list")
    if engine == "postgresql":  # nobody can say who else is at it
        assert "klink migrate" in done.refusal
        assert klink("migrate").line == "9000_more"
        done = klink("keys", "list")
    assert done.status == 0
    assert "more" in tables(database_url, here)


def test_an_older_schema_beside_a_running_server_is_left_alone(
    klink: Klink, here: Path, database_url: str, newer_klink
):
    with server_of(here):
        assert "klink migrate" in klink("keys", "list").refusal
    assert "more" not in tables(database_url, here)


def test_a_database_of_a_newer_klink_is_refused(
    klink: Klink, here: Path, database_url: str, monkeypatch: pytest.MonkeyPatch
):
    connection.connect(database_url, here)
    newest = migrate.available()[-1][0] + 1
    connection.database.execute_sql(f"UPDATE meta SET value = '{newest}' WHERE key = 'schema'")
    connection.disconnect()
    for words in (("keys", "list"), ("migrate",), ("serve", "--port", "0")):
        assert f"schema {newest}" in klink(*words).refusal
