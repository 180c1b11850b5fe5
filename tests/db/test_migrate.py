"""Migrations and models describe the same tables, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from klink.core import workspaces
from klink.core.context import Context, Settings
from klink.core.events import EventQuery, search
from klink.core.principal import Principal
from klink.db import connection, migrate
from klink.db.connection import database
from klink.db.models import BASE_DOMAIN_ID, MODELS, Domain, Meta

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
SETTINGS = Settings("https://go.example.org", {}, {}, 3, b"s" * 32)

_SAME = {"INTEGER": "INT", "BIGINT": "INT", "SMALLINT": "INT", "BOOLEAN": "INT"}


def _schema(engine: str) -> dict[str, object]:
    """Columns (name, type, null) and indexes (columns, unique) of every table."""
    tables = sorted(t for t in database.get_tables() if not t.startswith(("sqlite_", "link_words")))
    shape: dict[str, object] = {}
    for table in tables:
        columns = [
            # SQLite has one integer type and lets a primary key look nullable.
            (
                c.name,
                _SAME.get(c.data_type.upper(), c.data_type) if engine == "sqlite" else c.data_type,
                c.null and not c.primary_key,
                c.primary_key,
            )
            for c in database.get_columns(table)
        ]
        indexes = sorted(
            (tuple(i.columns), i.unique)
            for i in database.get_indexes(table)
            if not i.name.startswith(("sqlite_autoindex", "links_search"))
        )
        keys = sorted(
            (k.column, k.dest_table, k.dest_column) for k in database.get_foreign_keys(table)
        )
        shape[table] = (columns, sorted(database.get_primary_keys(table)), indexes, keys)
    return shape


def test_a_new_database_is_told_of_once_and_an_older_one_by_its_steps(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "klink.db.migrate")
    last, name = migrate.available()[-1]
    connection.connect("sqlite:///new.db", tmp_path)
    migrate.migrate()
    assert caplog.messages == [f"made a new database, of schema {last}"]
    connection.connect("sqlite:///old.db", tmp_path)
    migrate.migrate_to(last - 1)
    caplog.clear()
    migrate.migrate()
    connection.disconnect()
    assert caplog.messages == [f"migrated the database: {name}"]


def test_migrated_schema_and_models_are_equal(db: str, engine: str) -> None:
    migrated = _schema(engine)
    for model in reversed(MODELS):
        database.execute_sql(
            f"DROP TABLE {model._meta.table_name} {'CASCADE' if engine == 'postgresql' else ''}"
        )
    database.create_tables(MODELS)
    assert _schema(engine) == migrated


def test_a_fresh_database_has_an_epoch_and_the_base_domain(db: str) -> None:
    assert len(migrate.epoch()) == 16
    assert Domain.get_by_id(BASE_DOMAIN_ID).host == ""
    assert migrate.pending() == []
    assert migrate.migrate() == []


def test_the_next_domain_does_not_clash_with_the_base_domain(db: str) -> None:
    with connection.write():
        made = Domain.create(host="go.example.org", created_at=0)
    assert made.id > BASE_DOMAIN_ID


def test_a_newer_database_is_refused_with_a_clear_line(db: str) -> None:
    Meta.update(value="9999").where(Meta.key == "schema").execute()
    with pytest.raises(migrate.DatabaseTooNew, match="schema 9999"):
        migrate.migrate()


def test_a_killed_migration_leaves_the_schema_as_it_was(tmp_path: Path) -> None:
    connection.connect("sqlite:///new.db", tmp_path)
    with pytest.raises(RuntimeError), connection.write():
        migrate._run(migrate.available()[0][1])
        raise RuntimeError
    assert migrate.schema_version() == 0
    assert migrate.migrate() == [name for _, name in migrate.available()]
    connection.disconnect()


def test_events_from_before_attribution_stay_and_are_attributed_to_nothing(
    db: str, engine: str
) -> None:
    for model in reversed(MODELS):
        cascade = "CASCADE" if engine == "postgresql" else ""
        database.execute_sql(f"DROP TABLE {model._meta.table_name} {cascade}")
    names = dict(migrate.available())
    with connection.write():
        for number in range(1, 6):
            migrate._run(names[number])
        database.execute_sql(
            "INSERT INTO workspaces (uid, public_id, name, currency, created_at) "
            "VALUES ('w', 'w', 'w', 'USD', 0)"
        )
        for _ in range(2):
            database.execute_sql(
                "INSERT INTO events (workspace_id, created_via, visitor, event_name, revenue, "
                "currency, is_conversion, occurred_at, created_at) "
                "VALUES (1, 'qklnk', 'v', 'purchase', 15000, 'USD', true, 5, 5)"
            )
    assert migrate.migrate()[0] == names[6]
    found = search(Context(NOW, SETTINGS), Principal(1, None, None, "klink"), EventQuery()).items
    assert [(each.revenue, each.attribution, each.event_id) for each in found] == [
        (Decimal("1.50"), None, None)
    ] * 2
    assert workspaces.get(1).conversion_names is None
