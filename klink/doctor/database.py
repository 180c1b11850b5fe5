"""The database: there, whole, and of this klink's schema."""

from __future__ import annotations

from collections.abc import Iterable

from klink.core.errors import DatabaseBusy
from klink.db import integrity, migrate
from klink.db.size import sizes
from klink.doctor.finding import CannotTell, Finding
from klink.doctor.scene import Scene
from klink.stats.health import bytes_in_words

__all__ = ["database", "need_database", "schema"]

_MAX_WAL_BYTES = 256 << 20


def database(scene: Scene) -> Iterable[Finding]:
    """Whether it answers, and what its engine finds wrong; SQLite reads all of it."""
    met = scene.database
    if met.state == "missing":
        yield Finding("database-missing", met.reason)
    elif met.state == "away":
        yield Finding("database-away", f"the database does not answer: {met.reason}")
    elif met.state == "damaged":
        yield Finding("database-damaged", met.reason)
    else:
        yield from _whole()


def _whole() -> Iterable[Finding]:
    try:
        for problem in integrity.problems():
            yield Finding("database-damaged", problem)
        wal = sizes().wal_bytes or 0
    except DatabaseBusy as error:
        yield Finding("database-damaged", f"it cannot be read: {error.__cause__ or error}")
        return
    if wal > _MAX_WAL_BYTES:
        yield Finding("wal-large", f"SQLite's log has {bytes_in_words(wal)}")


def schema(scene: Scene) -> Iterable[Finding]:
    """Whether the database is of the schema that this klink needs."""
    need_database(scene)
    try:
        pending = migrate.pending()
    except migrate.DatabaseTooNew as error:
        yield Finding("database-newer", str(error))
        return
    if pending:
        yield Finding("migrations-pending", f"not run yet: {', '.join(pending)}")


def need_database(scene: Scene) -> None:
    """Go on only where the database answers.

    :raises CannotTell: where it does not.
    """
    if scene.database.state != "answers":
        raise CannotTell("the database does not answer")
