"""Links that nobody has visited have a row in ``link_totals`` too, as new ones get one.

So a workspace's links can be listed by their clicks from one index, whichever way round.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    """
    INSERT INTO link_totals (
        link_id, clicks, views, uniques, rest, conversions, revenue, workspace_id, summed_to_day,
        summed_visits)
    SELECT l.id, 0, 0, 0, 0, 0, 0, l.workspace_id, 0, 0 FROM links AS l
    WHERE NOT EXISTS (SELECT 1 FROM link_totals AS t WHERE t.link_id = l.id)
    ORDER BY l.id
    """,
)
