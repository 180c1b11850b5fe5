"""Who did what, when: the audit log of the workspace, or of the whole server for its operator."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from flask import Response, request, url_for

from klink.admin.forms import Form
from klink.admin.gate import who
from klink.admin.rendering import page, reader_zone
from klink.admin.screens import Screens
from klink.core import audit_log
from klink.core.audit_log import AuditPage, AuditQuery
from klink.core.audit_words import ACTIONS
from klink.web.principal import principal

screens = Screens()

_PAGE = 50
_FILTERS = ("action", "person", "subject", "since", "until")


@screens.at("/settings/audit", needs="manager")
def audit() -> Response:
    """One page of entries, newest first, of those that the filters let through."""
    form = Form.asked()
    everywhere = who().is_operator and form.flag("everywhere")
    since, until = _day(form, "since"), _day(form, "until", later=timedelta(days=1))
    query = AuditQuery(
        action=form.text("action") or None,
        person=form.text("person") or None,
        subject=form.text("subject") or None,
        since=since,
        until=until,
        cursor=form.text("cursor") or None,
        limit=_PAGE,
    )
    found = AuditPage([], None)
    if not form.errors:
        with form.catching(cursor=""):
            found = (
                audit_log.search_all(query) if everywhere else audit_log.search(principal(), query)
            )
    asked = {name: form.text(name) for name in _FILTERS if form.text(name)}
    scope = {"everywhere": "1"} if everywhere else {}
    return page(
        "settings/audit",
        title="Audit log",
        at="settings",
        tab="audit",
        status=422 if form.errors else 200,
        form=form,
        entries=found.items,
        everywhere=everywhere,
        is_filtered=bool(asked),
        actions=[("", "Anything"), *ACTIONS.items()],
        next_href=_href(asked | scope, found.next_cursor) if found.next_cursor else "",
        first_href=_href(asked | scope) if request.args.get("cursor") else "",
        here_href=_href(asked),
        everywhere_href=_href(asked | {"everywhere": "1"}),
    )


def _href(values: dict[str, str], cursor: str | None = None) -> str:
    return url_for("admin.audit", cursor=cursor, **values)  # type: ignore[arg-type]  # texts


def _day(form: Form, name: str, later: timedelta = timedelta()) -> datetime | None:
    """The beginning of a day, in the zone of whoever reads, or so much later."""
    text = form.text(name)
    if not text:
        return None
    try:
        day = datetime.combine(date.fromisoformat(text), time(), reader_zone())
        return day.astimezone(UTC) + later
    except (ValueError, OverflowError):
        form.refuse(name, "must be a day such as 2026-01-31")
        return None
