"""What becomes of reports."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from klink.core import audit, links
from klink.core.context import Context
from klink.core.errors import NotFound
from klink.core.principal import Principal
from klink.core.reports.model import OPERATOR, WORKSPACE, ReportView, views
from klink.db.connection import lock, write
from klink.db.models import Report

_MAX_ID = 2**62
KEPT = timedelta(days=90)
"""How long a report that is closed is kept; its e-mail address goes when the operator closes it."""


def dismiss(ctx: Context, who: Principal, number: int) -> ReportView:
    """Close a report: nothing is wrong with the link. One that is closed stays as it is.

    :raises InsufficientScope, InsufficientRole: the key may not.
    :raises NotFound: unknown, or another workspace's.
    """
    who.need("update")
    who.need_manager()
    with write():
        row = _row(who, number)
        if row.state == "open" or (who.is_operator and row.closed_by == WORKSPACE):
            _close(ctx, who, [row], "dismissed")
        return views(ctx, [_row(who, number)])[0]


def act(ctx: Context, who: Principal, number: int) -> ReportView:
    """Put the reported link in quarantine, and close all that is open about it.

    :raises InsufficientScope, InsufficientRole: the key may not.
    :raises NotFound: unknown, or another workspace's.
    """
    who.need("update")
    who.need_manager()
    with write():
        row = _row(who, number)
        there = replace(who, workspace_id=row.workspace_id)  # the operator's hand reaches all
        reason = f"reported as {row.reason}"
        links.quarantine(ctx, there, row.link.uid, reason)
        waiting = Report.state == "open"
        if who.is_operator:
            waiting |= Report.closed_by == WORKSPACE
        _close(
            ctx, there, list(Report.select().where(Report.link == row.link_id, waiting)), "acted"
        )
        if _row(who, number).state == "dismissed":
            _close(ctx, there, [row], "acted")
        return views(ctx, [_row(who, number)])[0]


def prune(now: datetime, *, limit: int = 300) -> int:
    """Delete reports that were closed long ago, at most ``limit``; return how many."""
    old = (
        Report.select(Report.id)
        .where(Report.state != "open", Report.closed_at <= now - KEPT)
        .order_by(Report.id)
        .limit(limit)
    )
    with write():
        return int(Report.delete().where(Report.id.in_(old)).execute())


def _row(who: Principal, number: int) -> Report:
    """The workspace's report; the operator's are all."""
    lock("klink:reports")
    row = Report.get_or_none(Report.id == number) if 1 <= number <= _MAX_ID else None
    if row is None or (row.workspace_id != who.workspace_id and not who.is_operator):
        raise NotFound("report")
    return row


def _close(ctx: Context, who: Principal, rows: list[Report], state: str) -> None:
    closed: dict[str, object] = {"state": state, "closed_at": ctx.now, "closed_by": WORKSPACE}
    if who.is_operator:
        closed |= {"closed_by": OPERATOR, "email": None}
    Report.update(closed).where(Report.id.in_([row.id for row in rows])).execute()
    action = {"dismissed": "report.dismiss", "acted": "report.act"}[state]
    for row in rows:
        subject, about = f"report:{row.id}", {"link": row.link_id, "reason": row.reason}
        audit.record(ctx, replace(who, workspace_id=row.workspace_id), action, subject, about)
