from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from klink.backups import Target
from klink.db import connection
from tests.backups.house import House
from tests.cli.conftest import empty_database
from tests.postgres import Cluster


@pytest.fixture
def house(db: str, tmp_path: Path) -> Iterator[House]:
    """Links, a journal and a ledger that has not begun."""
    made = House(tmp_path / "data", db)
    yield made
    made.end()


@pytest.fixture
def elsewhere(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Target]:
    """Another machine: an empty data folder and no database yet, or an empty one."""
    folder = tmp_path / "elsewhere"
    if engine == "sqlite":
        yield Target(folder, f"sqlite:///{folder}/klink.db", folder / "klink.db")
    else:
        cluster: Cluster = request.getfixturevalue("cluster")
        with cluster.lent_database() as url:
            empty_database(url)
            yield Target(folder, url, None)
            connection.disconnect()
