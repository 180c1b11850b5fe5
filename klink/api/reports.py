"""What visitors report of the workspace's links."""

from __future__ import annotations

from typing import Any

from flask import Response

from klink.api import render
from klink.api.abuse_answers import Report, ReportList
from klink.api.resource import Resource
from klink.api.schemas import ReportsQuery
from klink.core import reports as core
from klink.core.reports import ReportView
from klink.web.parts import context
from klink.web.principal import principal

blueprint = Resource("reports", "What visitors report of links.")


@blueprint.at("/reports")
@blueprint.query(ReportsQuery)
@blueprint.answers(200, ReportList, "One page, newest first.")
def list_reports(query: dict[str, Any]) -> Response:
    """List what visitors have reported.

    The open ones, unless `state` says otherwise. Who reported is not kept. For owners and
    admins.
    """
    page = core.search(context(), principal(), **query)
    items = [_rendered(view) for view in page.items]
    return render.answer({"items": items, "next_cursor": page.next_cursor})


@blueprint.at("/reports/<report_id>/dismiss", "POST")
@blueprint.answers(200, Report, "The report as it is now.")
def dismiss_report(report_id: str) -> Response:
    """Close a report: nothing is wrong with the link.

    For owners and admins.
    """
    number = render.number(report_id)
    return render.answer(_rendered(core.dismiss(context(), principal(), number)))


@blueprint.at("/reports/<report_id>/act", "POST")
@blueprint.answers(200, Report, "The report as it is now.")
def act_on_report(report_id: str) -> Response:
    """Put the reported link in quarantine, and close what is open about it.

    For owners and admins.
    """
    number = render.number(report_id)
    return render.answer(_rendered(core.act(context(), principal(), number)))


def _rendered(view: ReportView) -> dict[str, Any]:
    return {
        "id": view.id,
        "state": view.state,
        "reason": view.reason,
        "text": view.text,
        "count": view.count,
        "at": render.time(view.at),
        "reported_at": render.time(view.reported_at),
        "closed_at": render.time(view.closed_at),
        "closed_by": view.closed_by,
        "link": {
            "id": view.link_uid,
            "slug": view.link_slug,
            "short_url": view.link_short_url,
            "url": view.link_url,
            "is_quarantined": view.is_quarantined,
        },
    }
