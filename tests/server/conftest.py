"""Fixtures of the server's tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.server.running import Running


@pytest.fixture
def running() -> Iterator[Running]:
    made = Running()
    yield made
    made.app.may_go.set()
    made.stop()
