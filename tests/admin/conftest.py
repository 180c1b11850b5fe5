"""The admin page over a fresh database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.admin.office import Office
from tests.dialects.house import House


@pytest.fixture
def office(db: str, tmp_path: Path) -> Iterator[Office]:
    house = House(tmp_path)
    yield Office(house)
    house.close()
