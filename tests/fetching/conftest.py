"""What the tests of fetching ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.fetching import sites


@pytest.fixture
def world() -> Iterator[sites.World]:
    """A fetcher and an internet of its own."""
    with sites.world() as made:
        yield made
