"""Another process that holds the database."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg


@contextmanager
def locked(database_url: str) -> Iterator[None]:
    """Hold the tables during the block, so that nobody else can write them."""
    if database_url.startswith("sqlite"):
        other = sqlite3.connect(database_url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    with psycopg.connect(database_url) as pg:
        pg.execute("LOCK TABLE links, clicks, link_totals IN ACCESS EXCLUSIVE MODE")
        yield
        pg.rollback()
