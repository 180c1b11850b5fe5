"""Naming the winners of experiments."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from klink.core import links
from klink.core.context import Context
from klink.core.errors import Gone, KlinkError, NotFound, PreconditionFailed, ValidationFailed
from klink.core.principal import Principal
from klink.stats.experiments import standing

log = logging.getLogger(__name__)

_AT_ONCE = 100


class ExperimentsFailed(KlinkError):
    """Some experiments could not be judged."""

    code = "experiments_failed"

    def __init__(self, number: int) -> None:
        super().__init__(f"{number:,} experiments could not be judged; the log says why")


def name_winners(ctx: Context) -> Iterator[int]:
    """Send all traffic to the winner of each experiment that is decided; a step a link.

    Only of links that ask for it (``auto_winner``), and only on evidence that stays right
    however often one looks (contract: Experiments).

    :raises ExperimentsFailed: at the end, when some could not be judged; the others were.
    """
    after, failed = 0, 0
    while found := links.to_judge(ctx, after, _AT_ONCE):
        for id_, uid, workspace_id in found:
            try:
                yield _judge(ctx, uid, workspace_id)
            except Exception:  # one workspace's link must not hold up those of all others
                log.exception("the experiment of link %d could not be judged", id_)
                failed += 1
            after = id_
    if failed:
        raise ExperimentsFailed(failed)


def _judge(ctx: Context, uid: str, workspace_id: int) -> int:
    """Name the winner of one link, if it has one; 1 when it was named."""
    who = Principal(workspace_id, None, None, "jobs")
    try:
        view = links.get(ctx, who, uid)
        decision = standing(view)
        if decision.winner is None:
            return 0
        because = {"evidence": decision.evidence, "run": view.run}
        links.name_winner(ctx, who, uid, decision.winner, because=because, if_version=view.version)
    except (NotFound, Gone, PreconditionFailed, ValidationFailed):
        return 0  # it has changed meanwhile; the next run looks again
    return 1
