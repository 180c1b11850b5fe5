"""Sums of a workspace's days, fourteen at a time, so that a year's values are few rows to read.

A fortnight is the number of a UTC day divided by :data:`DAYS`. Those before
``workspaces.summed_to_day`` are added up, by the values of each dimension but the total; visits
to one of their days are counted in both (``fold_counts.FORTNIGHTS``).
"""

from __future__ import annotations

from klink.db import rows

__all__ = ["DAYS", "add_up"]

DAYS = 14

# Of what was never visited in between, nothing is added up.
_FIRST = "SELECT min(day) FROM workspace_days WHERE workspace_id = ? AND day >= ?"

_ADD_UP = """
    INSERT INTO workspace_fortnights (workspace_id, dim, fortnight, value, clicks, rest)
    SELECT workspace_id, dim, CAST(? AS bigint), value, sum(clicks), sum(rest)
    FROM workspace_days
    WHERE workspace_id = ? AND day >= ? AND day < ? AND dim <> 0
    GROUP BY workspace_id, dim, value ORDER BY workspace_id, dim, value
"""

_SUMMED = "UPDATE workspaces SET summed_to_day = ? WHERE id = ?"


def add_up(workspace_id: int, summed_to_day: int, end_day: int) -> int:
    """Add up a workspace's first fortnight that is not yet, if it is over; part of ``write()``.

    :param summed_to_day: what the workspace's row says.
    :param end_day: the day after the last one that may be added up, in days since 1970.
    :returns: what the row says now; the same when no fortnight is over.
    """
    end = end_day // DAYS * DAYS
    if summed_to_day >= end:
        return summed_to_day
    row = rows.one(_FIRST, workspace_id, summed_to_day)
    first = end_day if row is None or row[0] is None else int(row[0])
    fortnight = first // DAYS
    begin, done = fortnight * DAYS, min((fortnight + 1) * DAYS, end)
    if begin < end:
        rows.run(_ADD_UP, fortnight, workspace_id, begin, done)
    rows.run(_SUMMED, done, workspace_id)
    return done
