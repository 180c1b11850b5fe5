"""A database of every schema there ever was is brought up to date with what is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from klink.core.links import compiled
from klink.core.times import to_ms
from klink.db import connection, migrate
from klink.db.connection import database, write
from klink.db.models import BASE_DOMAIN_ID, Click, Link, LinkTotal, User, Workspace
from tests.cli.conftest import empty_database
from tests.clicks.world import NOW

SCHEMAS = [number for number, _ in migrate.available()]
AT = to_ms(NOW)
DAY, QUARTER = AT // 86_400_000, AT // 900_000

ROWS: tuple[tuple[str, dict[str, object]], ...] = (
    ("workspaces", {"id": 1, "uid": "w1", "public_id": "w1", "name": "home", "currency": "USD"}),
    ("users", {"id": 1, "uid": "u1", "email": "owner@localhost", "is_active": True}),
    ("memberships", {"user_id": 1, "workspace_id": 1, "role": "owner"}),
    (
        "links",
        {
            "id": 1, "uid": "l1", "workspace_id": 1, "created_via": "klink",
            "domain_id": BASE_DOMAIN_ID, "slug": "spring", "url": "https://example.com/",
            "location": "https://example.com/", "type": "direct", "mode": "single",
            "auto_winner": False, "winner_threshold": 100, "run": 1, "forward_query": False,
            "redirect_status": 302, "conversion_tracking": False, "is_active": True, "version": 1,
            "updated_at": AT,
        },
    ),
    (
        "clicks",
        {
            "id": 1, "link_id": 1, "workspace_id": 1, "variant_id": 0, "run": 1, "at": AT,
            "visitor": "v_1", "kind": 0, "reason": "", "country": "", "device": "", "browser": "",
            "os": "", "referrer": "", "language": "", "user_agent": "", "net": "",
        },
    ),
    (
        "link_totals",
        {
            "link_id": 1, "workspace_id": 1, "clicks": 1, "views": 1, "uniques": 1, "bots": 0,
            "conversions": 0, "revenue": 0,
        },
    ),
    ("link_visitors", {"link_id": 1, "visitor": "v_1", "day": DAY, "variant_id": 0}),
)  # fmt: skip
"""Rows by table, each with what any schema may ask for; a schema takes the columns it has."""


def insert(table: str, values: dict[str, object]) -> None:
    columns = {each.name: each for each in database.get_columns(table)}
    taken = {name: value for name, value in values.items() if name in columns}
    for name, column in columns.items():
        if name not in taken and not column.null and column.default is None:
            taken[name] = AT if name.endswith("_at") else 0
    names = ", ".join(f'"{name}"' for name in taken)
    mark = "?" if connection.engine() == "sqlite" else "%s"
    marks = ", ".join([mark] * len(taken))
    database.execute_sql(f"INSERT INTO {table} ({names}) VALUES ({marks})", list(taken.values()))


@pytest.mark.parametrize("schema", SCHEMAS)
def test_a_database_of_any_schema_is_brought_up_to_date(
    database_url: str, tmp_path: Path, schema: int
) -> None:
    empty_database(database_url)
    connection.connect(database_url, tmp_path)
    migrate.migrate_to(schema)
    assert migrate.schema_version() == schema
    with write():
        for table, values in ROWS:
            insert(table, values)
    newer = [name for number, name in migrate.available() if number > schema]
    assert migrate.migrate() == newer
    link = compiled(BASE_DOMAIN_ID, "spring")
    assert link is not None
    assert (link.id, Link.get_by_id(1).url) == (1, "https://example.com/")
    assert (Click.select().count(), LinkTotal.get_by_id(1).clicks) == (1, 1)
    assert (Workspace.get_by_id(1).name, User.get_by_id(1).email) == ("home", "owner@localhost")
    connection.disconnect()
