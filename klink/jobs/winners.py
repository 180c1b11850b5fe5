"""Naming the winners of experiments."""

from __future__ import annotations

from collections.abc import Iterator

from klink.core import links
from klink.core.context import Context
from klink.core.errors import Gone, NotFound, PreconditionFailed, ValidationFailed
from klink.core.principal import Principal
from klink.stats.experiments import standing

_AT_ONCE = 100


def name_winners(ctx: Context) -> Iterator[int]:
    """Send all traffic to the winner of each experiment that is decided; a step a link.

    Only of links that ask for it (``auto_winner``), and only on evidence that stays right
    however often one looks (contract: Experiments).
    """
    after = 0
    while found := links.to_judge(ctx, after, _AT_ONCE):
        for id_, uid, workspace_id in found:
            yield _judge(ctx, uid, workspace_id)
            after = id_


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
