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

TESTS = Path(__file__).resolve().parent

ENGINES = os.environ.get("KLINK_TEST_ENGINES", "sqlite,postgresql").split(",")

DOORS = ("admin", "api", "browser", "dialects", "docs", "pages", "tracking")
"""What asks the database nothing by itself (an import contract): the rooms below it are tried on
each engine, doors on the first, but for tests marked ``every_engine``, where requests race."""

FIRST_FILES = (
    "tests/browser/test_admin_walk.py",
    "tests/live/test_descriptions.py",
    "tests/browser/test_pages.py",
    "tests/live/test_dialect_descriptions.py",
    "tests/live/test_week.py",
    "tests/live/test_countries.py",
    "tests/live/test_sites.py",
    "tests/browser/test_admin_forms.py",
    "tests/test_app.py",
    "tests/browser/test_captcha.py",
    "tests/browser/test_conversions.py",
)
"""What takes long in one piece, in the order in which live tests' processes take it.

A process that has no more than two tests left is given the next file already, so what follows a
file of one test waits for it: the two files of descriptions, which each load a processor, run one
after the other, and behind the week there is a short one.
"""


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Read only files with live tests where only those run: the others take as long to read."""
    only_live = config.option.markexpr.startswith("live and ")
    if only_live and collection_path.match("test_*.py"):
        return not _may_be_live(collection_path) or None
    return None


def _may_be_live(path: Path) -> bool:
    return "mark.live" in path.read_text()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest pieces, so that at the end no processor waits for another."""
    for item in items:
        if item.get_closest_marker("live") and not _may_be_live(item.path):
            raise pytest.UsageError(f"{item.path} would be overlooked: mark it by mark.live")
    first = {file: place for place, file in enumerate(FIRST_FILES)}
    items.sort(key=lambda item: first.get(item.nodeid.partition("::")[0], len(first)))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A PostgreSQL server of our own for this run."""
    running = Cluster.start()
    yield running
    running.stop()


@pytest.fixture(scope="session")
def live_cluster() -> Iterator[Cluster]:
    """One for servers under load: it has to know how its tables grow, or plans queries badly."""
    running = Cluster.start(vacuums=True)
    yield running
    running.stop()


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for a database on each engine, or on the first alone."""
    if "engine" not in metafunc.fixturenames:
        return
    room = metafunc.definition.path.relative_to(TESTS).parts[0]
    every = room not in DOORS or metafunc.definition.get_closest_marker("every_engine")
    engines = ENGINES if every else ENGINES[:1]
    if metafunc.definition.get_closest_marker("sqlite"):
        engines = ["sqlite"]
    metafunc.parametrize("engine", engines, scope="function")


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
        is_live = request.node.get_closest_marker("live") is not None
        running: Cluster = request.getfixturevalue("live_cluster" if is_live else "cluster")
        # Other processes may still be at a database that servers had.
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
