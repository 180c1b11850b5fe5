"""Sums of a workspace's days, fourteen at a time, so that a year's values are few rows to read.

A fortnight is the number of a UTC day divided by :data:`DAYS`. The days before
``workspaces.summed_to_day`` are added up, by the values of each dimension but the total; visits
to one of them are counted in both (``fold_counts.FORTNIGHTS``). So the sums of the fortnight in
which ``summed_to_day`` lies are not those of all its days yet.
"""

from __future__ import annotations

from klink.db import rows

__all__ = ["DAYS", "add_up"]

DAYS = 14

_FIRST = "SELECT min(day) FROM workspace_days WHERE workspace_id = ? AND day >= ? AND day < ?"

_ADD_UP = """
    INSERT INTO workspace_fortnights AS t (workspace_id, dim, fortnight, value, clicks, rest)
    SELECT workspace_id, dim, CAST(? AS bigint), value, clicks, rest FROM workspace_days
    WHERE workspace_id = ? AND day = ? AND dim <> 0
    ORDER BY dim, value
    ON CONFLICT (workspace_id, dim, fortnight, value) DO UPDATE SET
        clicks = t.clicks + excluded.clicks, rest = t.rest + excluded.rest
"""

_SUMMED = "UPDATE workspaces SET summed_to_day = ? WHERE id = ?"


def add_up(workspace_id: int, summed_to_day: int, end_day: int) -> int:
    """Add a workspace's next day that had visits to its fortnight; part of ``write()``.

    One day, since strangers make up values, and a fortnight of them would hold others up.

    :param summed_to_day: what the workspace's row says.
    :param end_day: the day after the last one that may be added up, in days since 1970.
    :returns: what the row says now; ``end_day`` when no such day is left.
    """
    row = rows.one(_FIRST, workspace_id, summed_to_day, end_day)
    done = end_day
    if row is not None and row[0] is not None:
        day = int(row[0])
        rows.run(_ADD_UP, day // DAYS, workspace_id, day)
        done = day + 1
    rows.run(_SUMMED, done, workspace_id)
    return done
