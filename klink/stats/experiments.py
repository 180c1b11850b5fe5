"""How a link's experiment stands: what its runs have counted, judged."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.experiments import Decision, Judgement, Rules, VariantData, decide, judge
from klink.core.links import LinkView
from klink.core.links.runs import Run, runs_of
from klink.core.money import HALF, money
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db import rows
from klink.db.connection import read
from klink.stats.scope import readable


@dataclass(frozen=True, slots=True)
class Experiment:
    """One run of a link's experiment.

    :param run: its number; ``last_run`` is that of the one that goes on.
    :param clicks: of people, in this run.
    :param decided_at: when all traffic went to the winner; the figures are of before.
    """

    run: int
    last_run: int
    started_at: datetime
    ended_at: datetime | None
    auto_winner: bool
    threshold: int
    clicks: int
    decided_at: datetime | None
    weights: dict[str, int]
    judgement: Judgement


def experiment(
    ctx: Context, who: Principal, link: LinkView | str, run: int | None = None
) -> Experiment:
    """How an experiment stands, in figures and words.

    :param link: the link or its UUID.
    :param run: its number; None is the one that goes on.
    :raises InsufficientScope: the key may not read.
    :raises NotFound: unknown, or another workspace's; or it has no such run.
    """
    view = readable(ctx, who, link)
    with read():
        known = runs_of(view)
        named = [each for each in known if run is None or each.number == run]
        chosen = named[-1] if named else None
        if chosen is None:
            raise NotFound("run of this experiment")
        data, limits = _data(view, chosen)
    found = judge(data, limits)
    if not view.conversion_tracking and not any(each.conversions for each in data):
        found = replace(found, reason=f"{found.reason} {_UNTRACKED}")
    return Experiment(
        run=chosen.number,
        last_run=view.run,
        started_at=chosen.started_at,
        ended_at=chosen.ended_at,
        auto_winner=view.auto_winner,
        threshold=view.winner_threshold,
        clicks=limits.clicks,
        decided_at=chosen.winner_at,
        weights={variant.label: variant.weight for variant in chosen.variants},
        judgement=_decided(found, chosen),
    )


def standing(view: LinkView) -> Decision:
    """What may be decided now about a link's experiment; cheap, for a job."""
    with read():
        data, limits = _data(view, runs_of(view)[-1])
    return decide(data, limits)


def _data(view: LinkView, run: Run) -> tuple[list[VariantData], Rules]:
    """What a run has counted; until its winner was named, for then the weights ended."""
    until = _ALWAYS if run.winner_at is None else to_ms(run.winner_at)
    sql = """
        SELECT variant_id, COUNT(*), SUM(converted),
            SUM(revenue / ?), SUM(revenue - revenue / ? * ?)
        FROM exposures WHERE link_id = ? AND run = ? AND at < ? GROUP BY variant_id
    """
    counted = {
        int(variant): (int(seen), int(converted), money(int(upper) * HALF + int(lower)))
        for variant, seen, converted, upper, lower in rows.all_of(
            sql, HALF, HALF, HALF, view.id, run.number, until
        )
    }
    none = (0, 0, money(0))
    data = [
        VariantData(each.label, each.weight, *counted.get(each.id, none)) for each in run.variants
    ]
    row = rows.one("SELECT clicks - imported FROM link_totals WHERE link_id = ?", view.id)
    after = run.clicks_after
    total = after if after is not None else int(row[0]) if row else 0
    return data, Rules(view.winner_threshold, max(0, total - run.clicks_before))


_ALWAYS = 2**62
_UNTRACKED = "conversion_tracking is off, so visitors bring no klid that tells who converted."


def _decided(found: Judgement, run: Run) -> Judgement:
    """The judgement of a run whose winner was named."""
    if run.winner is None:
        return found
    reason = found.reason
    if found.winner != run.winner:
        reason = f"{run.winner} was chosen by hand. {reason}"
    return replace(found, verdict="winner", winner=run.winner, reason=reason)
