"""The ``meta`` table: small facts about this database, by key."""

from __future__ import annotations

from klink.db.connection import read, write
from klink.db.models import Meta


def put(key: str, value: str) -> None:
    """Keep ``value`` under ``key``, in place of what was there.

    :raises DatabaseBusy: when it cannot be written now.
    """
    with write():
        Meta.insert(key=key, value=value).on_conflict(
            conflict_target=[Meta.key], update={Meta.value: value}
        ).execute()


def under(prefix: str) -> dict[str, str]:
    """Every value whose key begins with ``prefix``, by the rest of its key."""
    with read():
        rows = list(Meta.select())  # a handful
    return {row.key.removeprefix(prefix): row.value for row in rows if row.key.startswith(prefix)}
