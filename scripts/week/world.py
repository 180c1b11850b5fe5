"""The simulated week, and the links of its database: who visits which, and whose work they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from klink.config import load
from klink.core import users, workspaces
from klink.core.context import Context
from klink.core.principal import Principal
from klink.db import connection, migrate
from klink.opening import core_settings
from scripts.benchmark import history
from scripts.week.outside import Outside

__all__ = ["BLOCKLIST", "World", "beside"]

BLOCKLIST = "blocklist.txt"
"""A file in the data folder that the server reads (``[blocking] files``)."""

_VISITED = 10  # of the links, one in so many is visited; no job has work with those


@dataclass
class World:
    """What work is prepared with.

    :ivar ctx: the context of the week's first moment; its time is the real one of the start.
    :ivar outside: others' servers, which run meanwhile.
    :ivar days: how many days the week has (fewer when one only wants a look).
    :ivar links: the ids of all links, in the order of their numbers.
    """

    data_dir: Path
    ctx: Context
    who: Principal
    days: int
    outside: Outside
    links: Sequence[int] = ()
    _next: int = field(default=0)

    @property
    def visited(self) -> int:
        """How many links the load visits: those with the lowest numbers."""
        return len(self.links) // _VISITED

    def at(self, part: float) -> datetime:
        """The moment when this part of the week is over, from 0 to 1."""
        return self.ctx.now + timedelta(days=self.days) * part

    def on(self, day: int) -> Context:
        """The context when a day begins, the first one being 0."""
        return replace(self.ctx, now=self.ctx.now + timedelta(days=day))

    def spread(self, many: int) -> Iterator[datetime]:
        """So many moments, evenly over the week."""
        return (self.at((n + 0.5) / many) for n in range(many))

    def take(self, many: int) -> Sequence[int]:
        """The ids of links that nobody visits and no other work is about.

        :raises IndexError: when there are not so many left.
        """
        first = max(self._next, self.visited)
        taken = self.links[first : first + many]
        if len(taken) < many:
            raise IndexError(f"only {len(taken)} of {many} links are left to prepare work with")
        self._next = first + many
        return taken


@contextmanager
def beside(data_dir: Path, days: int, outside: Outside) -> Iterator[World]:
    """Open a data folder before a server does, and stay beside it.

    It is brought up to date: links may have been kept since before the last migration.
    """
    config = load(None, {"KLINK_DATA_DIR": str(data_dir)}, data_dir.parent, None)
    connection.connect(config.database.url, config.data_dir)
    try:
        migrate.migrate()
        ctx = Context(datetime.now(UTC), core_settings(config))
        home = workspaces.find(None)
        who = Principal(home.id, users.find(None, home.id).id, None, "cli")
        yield World(data_dir, ctx, who, days, outside, history.numbers(data_dir).links)
    finally:
        connection.disconnect()
