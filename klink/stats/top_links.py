"""The links of a workspace that were clicked most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from klink.core.times import to_ms
from klink.db import rows
from klink.db.connection import read
from klink.stats.breakdown import Dim
from klink.stats.ranges import QUARTERS_A_DAY, Range, quarter_start
from klink.stats.scope import named_days

LIMIT = 10

_CHUNK = 20


@dataclass(frozen=True, slots=True)
class TopLink:
    """A link and its clicks in a range."""

    id: int
    uid: str
    slug: str
    url: str
    clicks: int


def top_links(workspace_id: int, over: Range, limit: int = LIMIT) -> list[TopLink]:
    """The links with most clicks in whole quarter hours of the range; none without a click.

    Links in the trash are left out, though the workspace's totals have their clicks.

    Cost: links come in the order of their clicks of all time, which no range can exceed,
    so the search ends as soon as the next one's are too few. With clicks spread as 1/rank
    that is after some tens of links, each with a look at its days; at worst, when what was
    popular once is not any more, all that were clicked since the range began.
    """
    best: list[tuple[int, int]] = []  # (-clicks, link id), smallest first
    with read():
        chunk = _most_clicked(workspace_id, over)
        while chunk:
            if over.is_all_time:
                counted = chunk
            else:
                counted = _clicks(over, [link_id for link_id, _ in chunk])
            best = sorted(best + [(-clicks, id_) for id_, clicks in counted if clicks])[:limit]
            least = -best[-1][0] if len(best) == limit else 0
            if least >= chunk[-1][1] or len(chunk) < _CHUNK:
                break
            chunk = _most_clicked(workspace_id, over, chunk[-1], least)
        links = _links([id_ for _, id_ in best])
    return [
        TopLink(id_, *links[id_], -minus)
        for minus, id_ in best
        if id_ in links  # else purged between the two queries
    ]


def _links(ids: Sequence[int]) -> dict[int, tuple[str, str, str]]:
    """What is shown of these links: UUID, slug and URL."""
    if not ids:
        return {}
    theirs, values = rows.among("id", ids)
    sql = f"SELECT id, uid, slug, url FROM links WHERE {theirs}"  # noqa: S608 - own words
    return {id_: (uid, slug, url) for id_, uid, slug, url in rows.all_of(sql, values)}


# CROSS JOIN keeps SQLite to the order of the totals' index; PostgreSQL reads a plain join.
_MOST_CLICKED = """
    SELECT t.link_id, t.clicks FROM link_totals AS t CROSS JOIN links AS l
    WHERE t.workspace_id = ? AND t.clicks >= ? AND coalesce(t.last_click_at, 0) >= ?
        AND l.id = t.link_id AND l.deleted_at IS NULL
        AND t.clicks <= ? AND (t.clicks < ? OR t.link_id > ?)
    ORDER BY t.clicks DESC, t.link_id LIMIT ?
"""
_MOST = 2**62


def _most_clicked(
    workspace_id: int, over: Range, after: tuple[int, int] = (0, _MOST), least: int = 0
) -> list[tuple[int, int]]:
    """The next links as (id, clicks of all time), the most clicked first.

    Only those clicked since the range began, of all time also those with clicks from elsewhere.

    :param after: the last one of those before.
    :param least: clicks of all time with which a link can still be among the first.
    """
    # Of all time also those that were never clicked here, but where they came from.
    begin_ms = 0 if over.is_all_time else to_ms(quarter_start(over.first_quarter))
    id_, clicks = after
    values = (workspace_id, max(least, 1), begin_ms, clicks, clicks, id_, _CHUNK)
    return rows.all_of(_MOST_CLICKED, *values)


def _clicks(over: Range, ids: Sequence[int]) -> list[tuple[int, int]]:
    """Links as (id, clicks in the range): whole UTC days from their rows, the rest by quarters."""
    first_day = -(-over.first_quarter // QUARTERS_A_DAY)
    end_day = max(first_day, over.end_quarter // QUARTERS_A_DAY)
    begin, end = first_day * QUARTERS_A_DAY, end_day * QUARTERS_A_DAY
    counts = dict.fromkeys(ids, 0)
    theirs, values = rows.among("link_id", ids)
    # Three queries: joined by "or", the two edges would make SQLite walk every quarter hour.
    for table, condition in (
        ("link_days", _whole_days(range(first_day, end_day))),
        ("link_quarters", _quarters(over.first_quarter, min(begin, over.end_quarter))),
        ("link_quarters", _quarters(end, over.end_quarter)),
    ):
        if condition:
            sql = f"""
                SELECT link_id, SUM(clicks) FROM {table} WHERE {theirs} AND {condition}
                GROUP BY link_id
            """  # noqa: S608 - own words and numbers
            for link_id, clicks in rows.all_of(sql, values):
                counts[link_id] += int(clicks)
    return list(counts.items())


def _whole_days(days: range) -> str:
    return f"{named_days(days)} AND dim = {int(Dim.TOTAL)} AND value = ''" if days else ""


def _quarters(first: int, end: int) -> str:
    return f"quarter >= {first} AND quarter < {end}" if first < end else ""
