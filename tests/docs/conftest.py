"""klink's doors, whose paths the pages name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.dialects.house import House


@pytest.fixture
def house(db: str, tmp_path: Path) -> Iterator[House]:
    """Every door of klink."""
    made = House(tmp_path)
    yield made
    made.close()
