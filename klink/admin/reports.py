"""The inbox of what visitors report of the workspace's links."""

from __future__ import annotations

from flask import Response, request, url_for

from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import reports as core
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()

_ALL = "all"
_PAGE = 25


def _state() -> str:
    """Which reports are looked at: ``open``, unless the query names others."""
    asked = request.values.get("state", "")
    return asked if asked in (*core.STATES, _ALL) else "open"


@screens.at("/reports", needs="manager")
def reports() -> Response:
    """One page of reports, newest first."""
    state = _state()
    found = core.search(
        context(),
        principal(),
        state=None if state == _ALL else state,
        cursor=request.args.get("cursor"),
        limit=_PAGE,
    )
    following = found.next_cursor
    return page(
        "reports",
        title="Reports",
        at="reports",
        state=state,
        reports=found.items,
        open_count=core.open_count(principal()),
        next_href=url_for("admin.reports", state=state, cursor=following) if following else "",
        first_href=url_for("admin.reports", state=state) if request.args.get("cursor") else "",
    )


@screens.at("/reports/<int:number>/dismiss", "POST", needs="manager")
def dismiss_report(number: int) -> Response:
    """Nothing is wrong with the link."""
    core.dismiss(context(), principal(), number)
    return redirect_to("admin.reports", told="Report dismissed.", state=_state())


@screens.at("/reports/<int:number>/act", "POST", needs="manager")
def act_on_report(number: int) -> Response:
    """Put the link in quarantine."""
    done = core.act(context(), principal(), number)
    told = f"/{done.link_slug} is in quarantine. Its open reports are closed."
    return redirect_to("admin.reports", told=told, state=_state())
