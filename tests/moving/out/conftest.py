"""A workspace with an owner, and a stranger in another."""

from __future__ import annotations

from tests.stats.conftest import ctx, owner, stranger

__all__ = ["ctx", "owner", "stranger"]
