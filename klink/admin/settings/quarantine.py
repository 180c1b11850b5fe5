"""Links in quarantine: why, by whom, and letting them go."""

from __future__ import annotations

from flask import Response, request, url_for

from klink.admin.forms import Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import links
from klink.core.links import LinkQuery
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()

_PAGE = 50


@screens.at("/settings/quarantine", needs="manager")
def quarantine() -> Response:
    """The links that are there, newest link first."""
    return _shown(Form.of())


@screens.at("/settings/quarantine/<uid>/release", "POST", needs="manager")
def release_link(uid: str) -> Response:
    """Let a link lead on again."""
    form = Form.sent()
    slug = ""
    with form.catching():
        slug = links.release(context(), principal(), uid).slug
    if form.errors:
        return _shown(form, status=422)
    return redirect_to("admin.quarantine", told=f"/{slug} is released.")


def _shown(form: Form, *, status: int = 200) -> Response:
    cursor = request.args.get("cursor")
    query = LinkQuery(state="quarantined", cursor=cursor, limit=_PAGE)
    found = links.search(context(), principal(), query)
    following = found.next_cursor
    return page(
        "settings/quarantine",
        title="Quarantine",
        at="settings",
        tab="quarantine",
        status=status,
        form=form,
        links=found.items,
        next_href=url_for("admin.quarantine", cursor=following) if following else "",
        first_href=url_for("admin.quarantine") if cursor else "",
    )
