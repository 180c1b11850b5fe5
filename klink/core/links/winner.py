"""The winner of a link's experiment: all traffic goes there, until it is taken back."""

from __future__ import annotations

from collections.abc import Mapping

from klink.core.context import Context
from klink.core.errors import ValidationFailed
from klink.core.links import runs
from klink.core.links.change import apply, finished, living_row
from klink.core.links.model import LinkView
from klink.core.links.views import views
from klink.core.principal import Principal
from klink.db.connection import write


def name_winner(
    ctx: Context,
    who: Principal,
    uid: str,
    label: str,
    *,
    because: Mapping[str, object] | None = None,
    if_version: int | None = None,
) -> LinkView:
    """Send all traffic to one variant; naming the present winner again changes nothing.

    Naming another one than before begins a new run: since then the weights chose nothing.

    :param because: what the audit log keeps with it.
    :raises NotFound, Gone, PreconditionFailed: as in changing a link.
    :raises ValidationFailed: the link has no variant with this label.
    """
    who.need("update")
    with write():
        row = living_row(who, uid, if_version)
        before = views(ctx, [row])[0]
        if label not in {variant.label for variant in before.variants}:
            raise ValidationFailed({"label": [f"no variant is labelled {label!r}"]})
        if before.winner == label:
            return before
        columns: dict[str, object] = {"winner_label": label, "winner_at": ctx.now}
        if before.winner is not None:
            runs.end(ctx, before)
            columns["run"] = before.run + 1
        apply(ctx, row, columns)
        return finished(ctx, who, uid, before, "link.winner", because)


def undo_winner(
    ctx: Context, who: Principal, uid: str, *, if_version: int | None = None
) -> LinkView:
    """Split the traffic again; without a winner nothing changes.

    What the winner has had in the meantime was not by the weights, so a new run begins.

    :raises NotFound, Gone, PreconditionFailed: as in changing a link.
    """
    who.need("update")
    with write():
        row = living_row(who, uid, if_version)
        before = views(ctx, [row])[0]
        if before.winner is None:
            return before
        runs.end(ctx, before)
        apply(ctx, row, {"winner_label": None, "winner_at": None, "run": before.run + 1})
        return finished(ctx, who, uid, before, "link.winner.undo")
