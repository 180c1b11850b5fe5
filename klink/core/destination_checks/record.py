"""Writing down what a check has found, and sending visitors elsewhere or back."""

from __future__ import annotations

from datetime import datetime

from klink.core import audit, changes, urls
from klink.core.context import Changed, Context
from klink.core.destination_checks.answer import Answer, Problem
from klink.core.destination_checks.decide import State, decide
from klink.core.destination_checks.due import Check
from klink.core.errors import NotFound
from klink.core.links import destination_checks as plans
from klink.core.links.find import locked_row
from klink.core.principal import Principal
from klink.core.times import share
from klink.db.connection import write
from klink.db.models import ONLY, DestinationCheck, Link, Variant

__all__ = ["WORDS", "record"]

WORDS = ("there", "problems", "down", "up", "dropped")
"""How a check may go; ``down`` and ``up`` only when it becomes that."""


def record(ctx: Context, check: Check, answer: Answer | None) -> str:
    """Write down what a check has found, and act on it; in one transaction.

    One of a destination that was changed or deleted meanwhile is dropped.

    :param answer: None when nothing was asked.
    :returns: one of :data:`WORDS`.
    """
    who = Principal(check.workspace_id, None, None, "jobs")
    with write():
        try:
            link = locked_row(who, check.uid or "")
        except NotFound:
            plans.forget(check.link_id)
            return "dropped"
        kept = DestinationCheck.get_or_none(_row(check))
        if kept is None:
            return "dropped"
        variant = None
        if check.variant_id != ONLY:
            variant = Variant.get_or_none(Variant.id == check.variant_id)
        target = link if check.variant_id == ONLY else variant
        if target is None:
            DestinationCheck.delete().where(_row(check)).execute()
            return "dropped"
        if answer is None:
            _put_off(ctx, link, check)
            return "dropped"
        if target.location != check.location:  # whose check is planned anew
            return "dropped"
        return _act(ctx, link, variant, kept, answer)


def _row(check: Check) -> object:
    return (DestinationCheck.link_id == check.link_id) & (
        DestinationCheck.variant_id == check.variant_id
    )


def _put_off(ctx: Context, link: Link, check: Check) -> None:
    """Leave alone what was not asked: until it is due again, or for good."""
    every = plans.interval(ctx.settings, link.failover_url)
    columns: dict[str, object] = {"next_at": None if every is None else ctx.now + every}
    if check.location is not None:  # asking has failed, and is not to be tried for ever
        columns["checked_at"] = ctx.now
    DestinationCheck.update(columns).where(_row(check)).execute()


def _act(
    ctx: Context, link: Link, variant: Variant | None, kept: DestinationCheck, answer: Answer
) -> str:
    target = variant or link
    before = State(
        None if kept.problem is None else Problem(kept.problem),
        kept.failing_since,
        kept.failures,
        target.down_at,
    )
    decision = decide(
        before,
        answer,
        ctx.now,
        every=plans.interval(ctx.settings, link.failover_url),
        share=share(kept.link_id + kept.variant_id),
    )
    after = decision.state
    DestinationCheck.update(
        host=urls.host_of(target.url),
        next_at=decision.next_at,
        checked_at=ctx.now,
        status=answer.status,
        final_host=answer.final_host,
        problem=after.problem,
        failing_since=after.failing_since,
        failures=after.failures,
    ).where(
        DestinationCheck.link_id == kept.link_id, DestinationCheck.variant_id == kept.variant_id
    ).execute()
    if (before.down_since is None) != (after.down_since is None):
        _turn(ctx, link, variant, after.down_since, answer)
        return "up" if after.down_since is None else "down"
    return "there" if after.problem is None else "problems"


def _turn(
    ctx: Context,
    link: Link,
    variant: Variant | None,
    down_since: datetime | None,
    answer: Answer,
) -> None:
    """Send the destination's visitors elsewhere, or back."""
    target = variant or link
    model = type(target)
    # No new version, as with clicks: nobody has changed the link, and If-Match goes on to fit.
    model.update(down_at=down_since).where(model.id == target.id).execute()
    audit.record(
        ctx,
        None,
        "link.up" if down_since is None else "link.down",
        f"link:{link.uid}",
        {
            "variant": None if variant is None else variant.label,
            "url": target.url,
            "problem": answer.problem,
            "status": answer.status,
            "failover_url": link.failover_url,
        },
        workspace_id=link.workspace_id,
    )
    changes.record(ctx, Changed("link", link.id, link.domain_id, link.slug))
