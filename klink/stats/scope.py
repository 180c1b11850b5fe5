"""Whose roll-ups are read: a link's or a workspace's. Both pairs of tables look alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import peewee

from klink.core import links
from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.links import LinkView
from klink.core.principal import Principal
from klink.db.connection import read
from klink.db.models import LinkDay, LinkQuarter, WorkspaceDay, WorkspaceQuarter
from klink.stats.ranges import Range

COLUMNS = ("clicks", "views", "bots", "previews", "prefetches")
"""What the quarter-hour tables count."""

LISTED_DAYS = 1_000


@dataclass(frozen=True, slots=True)
class Scope:
    """A link or a workspace, and the two tables that count for it.

    :param owner: name of the column that holds ``id`` in both tables.
    """

    quarters: type[LinkQuarter] | type[WorkspaceQuarter]
    days: type[LinkDay] | type[WorkspaceDay]
    owner: str
    id: int

    def quarters_between(self, first: int, end: int) -> Any:
        """The condition for rows of the quarter-hour table in ``[first, end)``."""
        # Any, here and below: peewee's expressions do not survive chaining.
        table: Any = self.quarters
        return self._mine(table) & (table.quarter >= first) & (table.quarter < end)

    def days_of(self, over: Range) -> Any:
        """The condition for rows of the day table, of every dimension."""
        table: Any = self.days
        return self._mine(table) & (table.day >= over.first_day) & (table.day < over.end_day)

    def days_of_dim(self, over: Range, dim: int) -> Any:
        """The condition for rows of the day table, of one dimension."""
        table: Any = self.days
        named = on_days(table.day, range(over.first_day, over.end_day))
        return self._mine(table) & named & (table.dim == dim)

    def first_quarter(self) -> int | None:
        """The first quarter hour in which anything was counted."""
        return self._quarter(peewee.fn.MIN)

    def last_quarter(self) -> int | None:
        """The last quarter hour in which anything was counted."""
        return self._quarter(peewee.fn.MAX)

    def _quarter(self, extreme: Any) -> int | None:
        table: Any = self.quarters
        with read():
            found = table.select(extreme(table.quarter)).where(self._mine(table)).scalar()
        return None if found is None else int(found)

    def _mine(self, table: Any) -> Any:
        return getattr(table, self.owner) == self.id


def of_link(link_id: int) -> Scope:
    """The roll-ups of one link."""
    return Scope(LinkQuarter, LinkDay, "link_id", link_id)


def of_workspace(workspace_id: int) -> Scope:
    """The roll-ups of a workspace, purged links included."""
    return Scope(WorkspaceQuarter, WorkspaceDay, "workspace_id", workspace_id)


def on_days(day: Any, days: range) -> Any:
    """The condition that a day table's column ``day`` is one of these days, at least one.

    The key of those tables is (owner, day, dim, value): with the days named one by one an
    engine seeks to each day's rows of the one dimension that is asked for besides, instead
    of reading past those of all the others.
    """
    if len(days) > LISTED_DAYS:
        return day.between(days[0], days[-1])
    return day.in_(list(days))


def sums(quarters: Any) -> list[Any]:
    """The sums of a quarter-hour table's columns, for a select, in the order of COLUMNS."""
    return [peewee.fn.SUM(getattr(quarters, column)) for column in COLUMNS]


def readable(ctx: Context, who: Principal, link: LinkView | str) -> LinkView:
    """The link, or the one with this UUID, if the principal may read it.

    :raises InsufficientScope: the key may not read.
    :raises NotFound: unknown, or another workspace's.
    """
    if isinstance(link, str):
        return links.get(ctx, who, link)
    who.need("read")
    if link.workspace_id != who.workspace_id:
        raise NotFound("link")
    return link
