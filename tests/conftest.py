"""What every test may ask for: a fresh database on each engine, and the cast of people."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from klink.db import connection, migrate
from tests.live.server import Server
from tests.postgres import Cluster

ENGINES = os.environ.get("KLINK_TEST_ENGINES", "sqlite,postgresql").split(",")


LONG_FILES = (
    "tests/live/test_descriptions.py",
    "tests/browser/test_admin_walk.py",
    "tests/live/test_dialect_descriptions.py",
)
"""What takes a minute or more in one piece."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest pieces, so that at the end no processor waits for another."""
    items.sort(key=lambda item: not item.nodeid.startswith(LONG_FILES))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL server of our own for this run."""
    running = Cluster.start()
    yield running
    running.stop()


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The engine a test runs on; a test that asks for the database runs once on each."""
    return str(request.param)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite file to copy from."""
    folder = tmp_path_factory.mktemp("template")
    connection.connect("sqlite:///klink.db", folder)
    migrate.migrate()
    connection.disconnect()
    return folder / "klink.db"


@pytest.fixture
def database_url(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database that nobody is connected to."""
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "klink.db")
        yield f"sqlite:///{tmp_path / 'klink.db'}"
    else:
        running: Cluster = request.getfixturevalue("cluster")
        # Other processes may still be at a database that servers had.
        is_live = request.node.get_closest_marker("live") is not None
        with running.fresh_database() if is_live else running.lent_database() as url:
            yield url


@pytest.fixture
def db(database_url: str, tmp_path: Path) -> Iterator[str]:
    """A fresh, migrated database, bound; gives its URL."""
    connection.connect(database_url, tmp_path)
    yield database_url
    connection.disconnect()


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """The real server as a process, started, on each engine."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    made = Server(data_dir, database_url)
    try:
        made.start()
        yield made
    finally:
        made.end()


@pytest.fixture
def key(server: Server) -> str:
    """A key with every scope."""
    return server.klink("keys", "create", "--name", "live")
