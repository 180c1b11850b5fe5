"""The admin page over a fresh database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.office import Office
from tests.dialects.house import House


@pytest.fixture(params=["sqlite"])
def engine(request: pytest.FixtureRequest) -> str:
    """Screens ask the database nothing by themselves; what they call is tried on both engines."""
    return str(request.param)


@pytest.fixture
def office(db: str, tmp_path: Path) -> Iterator[Office]:
    house = House(tmp_path)
    yield Office(house)
    house.close()
