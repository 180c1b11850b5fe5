"""Migrating a database that holds links: they are counted, and their words are found."""

from __future__ import annotations

from klink.db import migrate, rows, search_index
from klink.db.connection import database, write
from klink.db.models import MODELS, WorkspaceLinks
from tests.db.test_counts_at_scale import LINKS_OF_SCHEMA_1


def test_links_that_were_there_are_counted_and_indexed(db: str, engine: str) -> None:
    for model in reversed(MODELS):
        cascade = "CASCADE" if engine == "postgresql" else ""
        database.execute_sql(f"DROP TABLE {model._meta.table_name} {cascade}")
    if engine == "sqlite":
        database.execute_sql("DROP TABLE link_words")
    with write():
        migrate._run(migrate.available()[0][1])
        database.execute_sql(
            "INSERT INTO workspaces (id, uid, public_id, name, currency, created_at) "
            "VALUES (1, 'w', 'w', 'w', 'USD', 0)"
        )
        database.execute_sql(LINKS_OF_SCHEMA_1)
        rows.run("UPDATE links SET is_active = ? WHERE id = 2", False)
    migrate.migrate()
    assert list(WorkspaceLinks.select().tuples()) == [(1, 2, 1)]
    assert search_index.exists()
    if engine == "sqlite":
        asked = search_index.question(1, ["slug2", "example"])
        found = rows.all_of("SELECT rowid FROM link_words WHERE link_words MATCH ?", asked)
        assert found == [(2,)]
        others = search_index.question(2, ["example"])
        assert rows.all_of("SELECT rowid FROM link_words WHERE link_words MATCH ?", others) == []


def test_no_text_is_syntax_to_the_index(db: str, engine: str) -> None:
    words = ['a"b"c', "NOT", "x OR y", "near(", "^abc", "a*b", "{slug}", "-abc", "'''", '"""']
    asked = search_index.question(1, words)
    if engine == "sqlite":
        assert rows.all_of("SELECT rowid FROM link_words WHERE link_words MATCH ?", asked) == []
    assert asked.count('"') % 2 == 0


def test_numbers_are_drawn_once(db: str, engine: str) -> None:
    from klink.db.models import Variant

    with write():
        first = rows.draw(Variant, 3)
        if engine == "postgresql":
            assert not set(first) & set(rows.draw(Variant, 3))
    assert len(set(first)) == 3
    assert rows.draw(Variant, 0) == []
