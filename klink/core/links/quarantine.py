"""Links that lead nowhere because of what they lead to: put there by a scan, or by a person."""

from __future__ import annotations

from klink.core.blocking import entries
from klink.core.blocking.names import asked
from klink.core.blocking.rules import exactly
from klink.core.context import Context
from klink.core.errors import OnlyOperator, ValidationFailed
from klink.core.links.blocked import FREE, OPERATOR, WORKSPACE, columns, findings
from klink.core.links.change import apply, finished
from klink.core.links.find import locked_row
from klink.core.links.model import LinkView
from klink.core.links.views import views
from klink.core.principal import Principal
from klink.core.problems import text_problem
from klink.db.connection import write

__all__ = ["MAX_REASON", "quarantine", "release"]

MAX_REASON = 500


def quarantine(ctx: Context, who: Principal, uid: str, reason: str) -> LinkView:
    """Let a link lead nowhere, by hand; no scan takes it out again.

    One that is there already gets the new reason, unless the operator put it there.

    :raises InsufficientScope, InsufficientRole: the key may not.
    :raises NotFound: unknown, or another workspace's.
    :raises ValidationFailed: the reason.
    """
    who.need("update")
    who.need_manager()
    if problem := text_problem(reason, MAX_REASON):
        raise ValidationFailed({"reason": [problem]})
    by = OPERATOR if who.is_operator else WORKSPACE
    with write():
        row = locked_row(who, uid)
        before = views(ctx, [row])[0]
        if before.quarantined_by == OPERATOR and by != OPERATOR:
            return before
        if (before.quarantined_by, before.quarantine_reason) == (by, reason):
            return before
        apply(ctx, row, columns(before.quarantined_at or ctx.now, by, reason))
        return finished(ctx, who, uid, before, "link.quarantine")


def release(ctx: Context, who: Principal, uid: str) -> LinkView:
    """Take a link out of quarantine; one that is not there stays as it is.

    What a list still says of its destinations is allowed from now on in the workspace, and no
    more than that, so that the next scan does not undo it.

    :raises InsufficientScope, InsufficientRole: the key may not.
    :raises OnlyOperator: the operator put it there, or a list of the server's names it.
    :raises NotFound: unknown, or another workspace's.
    """
    who.need("update")
    who.need_manager()
    ctx.settings.blocklists.look()  # before anybody waits for the unit of work
    with write():
        row = locked_row(who, uid)
        before = views(ctx, [row])[0]
        if before.quarantined_at is None:
            return before
        if before.quarantined_by == OPERATOR and not who.is_operator:
            raise OnlyOperator("the server's operator has put this link in quarantine; ask there")
        for location, finding in list(findings(ctx, before)):
            if finding.is_servers and not who.is_operator:
                raise OnlyOperator(
                    f"a destination {finding.words}; only the server's operator can release it"
                )
            note = f"the link {before.slug} was released"
            entries.add(ctx, who, "allow", exactly(asked(location)), note)
        apply(ctx, row, dict(FREE))
        return finished(ctx, who, uid, before, "link.release")
