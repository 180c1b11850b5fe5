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
from klink.db import rows
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

    def uniques(self, over: Range) -> int:
        """The uniques of the UTC days of a range, added up."""
        table = self.days._meta.table_name
        days = named_days(range(over.first_day, over.end_day))
        # The dimension of all visits is 0; what names it is above this.
        sql = f"SELECT SUM(uniques) FROM {table} WHERE {self.owner} = ? AND {days} AND dim = 0"  # noqa: S608 - own names
        with read():
            return _number(rows.one(sql, self.id)) or 0

    def first_quarter(self) -> int | None:
        """The first quarter hour in which anything was counted."""
        return self._quarter("MIN")

    def last_quarter(self) -> int | None:
        """The last quarter hour in which anything was counted."""
        return self._quarter("MAX")

    def _quarter(self, extreme: str) -> int | None:
        table = self.quarters._meta.table_name
        sql = f"SELECT {extreme}(quarter) FROM {table} WHERE {self.owner} = ?"  # noqa: S608 - own names
        with read():
            return _number(rows.one(sql, self.id))

    def _mine(self, table: Any) -> Any:
        return getattr(table, self.owner) == self.id


def of_link(link_id: int) -> Scope:
    """The roll-ups of one link."""
    return Scope(LinkQuarter, LinkDay, "link_id", link_id)


def of_workspace(workspace_id: int) -> Scope:
    """The roll-ups of a workspace, purged links included."""
    return Scope(WorkspaceQuarter, WorkspaceDay, "workspace_id", workspace_id)


def _number(row: tuple[Any, ...] | None) -> int | None:
    """The one number of an aggregate, which PostgreSQL may give as a decimal."""
    return None if row is None or row[0] is None else int(row[0])


def named_days(days: range) -> str:
    """The condition, as SQL, that a day table's column ``day`` is one of these days.

    The key of those tables is (owner, day, dim, value): with the days named one by one an
    engine seeks to each day's rows of the one dimension that is asked for besides, instead
    of reading past those of all the others.
    """
    if not days:
        return "1 = 0"
    if len(days) > LISTED_DAYS:
        return f"day >= {days[0]} AND day <= {days[-1]}"
    return f"day IN ({', '.join(map(str, days))})"


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
