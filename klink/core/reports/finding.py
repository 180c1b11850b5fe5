"""Reading reports: the workspace its own, the operator all."""

from __future__ import annotations

from typing import Any

from klink.core import paging
from klink.core.context import Context
from klink.core.errors import OnlyOperator, ValidationFailed
from klink.core.principal import Principal
from klink.core.reports.model import STATES, WORKSPACE, ReportPage, views
from klink.db.connection import read
from klink.db.models import Report


def search(
    ctx: Context,
    who: Principal,
    *,
    state: str | None = "open",
    cursor: str | None = None,
    limit: int = 50,
    everywhere: bool = False,
) -> ReportPage:
    """One page of reports, newest first.

    :param state: None for all; ``open`` are to the operator those that a workspace closed, too.
    :param everywhere: of all workspaces, for the operator only.
    :raises InsufficientScope, InsufficientRole: the key may not read them.
    :raises ValidationFailed: state, limit or cursor.
    """
    who.need("read")
    who.need_manager()
    if everywhere and not who.is_operator:
        raise OnlyOperator("the reports of all workspaces are the server's operator's to read")
    before = _check(state, cursor, limit)
    # Any: peewee's queries lose their types while they are chained.
    found: Any = Report.select().where(Report.id < before)
    if not everywhere:
        found = found.where(Report.workspace_id == who.workspace_id)
    if state is not None:
        wanted = Report.state == state
        if state == "open" and who.is_operator:
            wanted |= Report.closed_by == WORKSPACE
        found = found.where(wanted)
    with read():
        rows = list(found.order_by(Report.id.desc()).limit(limit + 1))
        shown = views(ctx, rows[:limit])
    return ReportPage(shown, str(shown[-1].id) if len(rows) > limit else None)


def open_count(who: Principal) -> int:
    """How many reports of the workspace's links wait for it: there is a bound to them."""
    waiting = (Report.workspace_id == who.workspace_id) & (Report.state == "open")
    with read():
        return int(Report.select().where(waiting).count())


def _check(state: str | None, cursor: str | None, limit: int) -> int:
    """Refuse what cannot be; give the number that the page lies below."""
    errors: dict[str, list[str]] = {}
    if state is not None and state not in STATES:
        errors["state"] = [f"must be one of {', '.join(STATES)}"]
    before = paging.below(errors, cursor=cursor, limit=limit)
    if errors:
        raise ValidationFailed(errors)
    return before
