"""A site over a fresh database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.redirects.site import Site


@pytest.fixture
def site(db: str, tmp_path: Path) -> Iterator[Site]:
    """Front and pages over a fresh database and journal."""
    made = Site(tmp_path)
    yield made
    made.close()
