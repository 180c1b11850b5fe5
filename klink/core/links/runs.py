"""Runs of a link's experiment: one ends when its variants, weights or destinations change.

What ended stays readable: who saw what is kept by run (``exposures``), and here what the
variants were.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime

from klink.core.context import Context
from klink.core.links.model import LinkView
from klink.core.times import from_ms, to_ms
from klink.db import rows
from klink.db.connection import read
from klink.db.models import ExperimentRun


@dataclass(frozen=True, slots=True)
class RunVariant:
    """A variant as it was, or is, in a run."""

    id: int
    label: str
    weight: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run.

    :param ended_at: None for the one that goes on.
    :param clicks_before: the link's clicks of all time when it began.
    :param clicks_after: the same when it ended.
    """

    number: int
    started_at: datetime
    ended_at: datetime | None
    clicks_before: int
    clicks_after: int | None
    variants: tuple[RunVariant, ...]
    winner: str | None
    winner_at: datetime | None


def end(ctx: Context, before: LinkView) -> None:
    """Write down a run that ends, in the unit of work that begins the next.

    :param before: the link as it was.
    """
    variants = [(variant.id, variant.label, variant.weight) for variant in before.variants]
    rows.insert(
        ExperimentRun,
        [
            {
                "link_id": before.id,
                "run": before.run,
                "ended_at": ctx.now,
                "clicks": _clicks(before.id),
                "variants": json.dumps(variants),
                "winner": before.winner,
                "winner_at": before.winner_at,
            }
        ],
    )


def runs_of(link: LinkView) -> list[Run]:
    """All runs of a link, the first one first."""
    sql = """
        SELECT run, ended_at, clicks, variants, winner, winner_at FROM experiment_runs
        WHERE link_id = ? ORDER BY run
    """
    with read():
        ended = rows.all_of(sql, link.id)
    found: list[Run] = []
    began, clicks = link.created_at, 0
    for number, ended_ms, clicks_after, variants, winner, winner_ms in ended:
        ended_at = from_ms(ended_ms)
        known = tuple(RunVariant(*each) for each in json.loads(variants))
        winner_at = None if winner_ms is None else from_ms(winner_ms)
        found.append(Run(number, began, ended_at, clicks, clicks_after, known, winner, winner_at))
        began, clicks = ended_at, clicks_after
    now = tuple(RunVariant(each.id, each.label, each.weight) for each in link.variants)
    found.append(Run(link.run, began, None, clicks, None, now, link.winner, link.winner_at))
    return found


def _clicks(link_id: int) -> int:
    row = rows.one("SELECT clicks - imported FROM link_totals WHERE link_id = ?", link_id)
    return 0 if row is None else int(row[0])


def to_judge(ctx: Context, after_id: int, limit: int) -> list[tuple[int, str, int]]:
    """Links whose winner is still to be named, as (id, UUID, workspace), by their ids.

    :param after_id: the last one that was looked at.
    """
    sql = """
        SELECT id, uid, workspace_id FROM links
        WHERE auto_winner AND winner_label IS NULL AND id > ? AND deleted_at IS NULL
            AND is_active AND mode <> 'single' AND (expires_at IS NULL OR expires_at > ?)
        ORDER BY id LIMIT ?
    """
    with read():
        found = rows.all_of(sql, after_id, to_ms(ctx.now), limit)
        return [(int(id_), str(uid), int(workspace)) for id_, uid, workspace in found]
