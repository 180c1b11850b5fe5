"""The looks at pages that are due, and what each of them changes."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from klink.core import audit
from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.links.blocked import OPERATOR
from klink.core.links.erase import erase
from klink.core.links.find import locked_row
from klink.core.links.site_checks import forget
from klink.core.principal import Principal
from klink.core.sites.decide import State, decide
from klink.core.sites.outcome import Outcome
from klink.core.times import share
from klink.core.urls import host_of
from klink.db.connection import read, write
from klink.db.models import Link, SiteCheck

__all__ = ["Check", "next_check", "record"]

_AGAIN_SOON = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Check:
    """A link whose page is to be looked at, as it is now.

    :ivar host: where the page is; one thing at a time is asked of it.
    """

    link_id: int
    uid: str
    workspace_id: int
    version: int
    slug: str
    site_url: str
    host: str


def next_check(
    ctx: Context, busy: Collection[str] = (), *, not_since: datetime | None = None
) -> Check | None:
    """The look that has been due for longest, or None.

    :param busy: hosts that are being asked already.
    :param not_since: take what has not been looked at since then, due or not.
    """
    row = SiteCheck
    condition = row.next_at <= ctx.now if not_since is None else row.last_at < not_since
    order = row.next_at if not_since is None else row.last_at
    if busy:
        condition &= row.host.not_in(list(busy))
    query = (
        row.select(
            Link.id, Link.uid, Link.workspace, Link.version, Link.slug, Link.site_url, row.host
        )
        .join(Link, on=(Link.id == row.link_id))
        .where(condition)
        .order_by(order)
        .limit(1)
        .tuples()
    )
    with read():
        found = query.first()
    return None if found is None else Check(*found)


def record(ctx: Context, check: Check, outcome: Outcome) -> str:
    """Write down what a look has found, and act on it; in one transaction.

    A link that was changed or deleted while its page was fetched is left as it is.

    :returns: ``found``, ``missing``, ``unproven``, ``deleted`` or ``changed``.
    """
    who = Principal(check.workspace_id, None, None, "jobs")
    with write():
        try:
            link = locked_row(who, check.uid)
        except NotFound:
            forget(check.link_id)
            return "changed"
        kept = SiteCheck.get_or_none(SiteCheck.link_id == link.id)
        if kept is None:  # in the trash, or without a page
            return "changed"
        if link.version != check.version:
            _look_again(ctx, kept)
            return "changed"
        return _act(ctx, link, kept, outcome)


def _look_again(ctx: Context, kept: SiteCheck) -> None:
    soon = max(kept.next_at, ctx.now + _AGAIN_SOON)
    SiteCheck.update(next_at=soon, last_at=ctx.now).where(
        SiteCheck.link_id == kept.link_id
    ).execute()


def _act(ctx: Context, link: Link, kept: SiteCheck, outcome: Outcome) -> str:
    before = State(link.site_verified_at, link.scheduled_deletion_at, kept.failures)
    decision = decide(
        before,
        outcome,
        ctx.now,
        interval=ctx.settings.site_interval,
        grace=ctx.settings.site_grace,
        share=share(link.id),
    )
    why: dict[str, object] = {
        "site_url": link.site_url,
        "outcome": outcome.reason or outcome.found.value,
    }
    if decision.is_over and link.quarantined_by != OPERATOR:  # else its slug would be free
        erase(ctx, None, link, {**why, "scheduled_deletion_at": before.deletion_at})
        return "deleted"
    after = decision.state
    # No new version, as with clicks: nobody has changed the link, and If-Match goes on to fit.
    Link.update(site_verified_at=after.verified_at, scheduled_deletion_at=after.deletion_at).where(
        Link.id == link.id
    ).execute()
    if after.deletion_at != before.deletion_at:
        details: dict[str, object] = {
            "scheduled_deletion_at": [before.deletion_at, after.deletion_at],
            **why,
        }
        audit.record(
            ctx, None, "link.site", f"link:{link.uid}", details, workspace_id=link.workspace_id
        )
    SiteCheck.update(
        host=host_of(str(link.site_url)),
        next_at=decision.next_at,
        last_at=ctx.now,
        failures=after.failures,
        outcome=outcome.reason or outcome.found.value,
    ).where(SiteCheck.link_id == link.id).execute()
    return outcome.found.value
