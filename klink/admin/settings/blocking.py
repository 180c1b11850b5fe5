"""Where the workspace's links may not lead: its own list, and what all lists say of a URL."""

from __future__ import annotations

from flask import Response, request, url_for

from klink.admin.forms import Form
from klink.admin.gate import who
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core.blocking import checking, entries
from klink.core.blocking.lists import Finding
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()

_PAGE = 50


@screens.at("/settings/blocking", needs="manager")
def blocking() -> Response:
    """The list; with ``check``, also what all lists say of that URL."""
    asked = Form.asked()
    url = asked.text("check")
    found: Finding | None = None
    if url:
        with asked.catching(url="check"):
            found = checking.check(context(), principal(), url)
    return _shown(Form.of({"kind": "host"}), asked, found)


@screens.at("/settings/blocking", "POST", needs="manager")
def add_blocking() -> Response:
    """Put an entry on the list."""
    form = Form.sent()
    is_new = False
    with form.catching():
        made, is_new = entries.add(
            context(), principal(), form.text("kind"), form.text("value"), form.text("note")
        )
    if form.errors:
        return _shown(form, Form.of(), None, status=422)
    told = f"{made.value} is on the list." if is_new else f"{made.value} was on the list already."
    return redirect_to("admin.blocking", told=told)


@screens.at("/settings/blocking/<int:number>/remove", "POST", needs="manager")
def remove_blocking(number: int) -> Response:
    """Take an entry off the list."""
    form = Form.sent()
    with form.catching():
        entries.remove(context(), principal(), number)
    if form.errors:
        return _shown(form, Form.of(), None, status=422)
    return redirect_to("admin.blocking", told="Entry removed.")


def _shown(form: Form, asked: Form, found: Finding | None, *, status: int = 200) -> Response:
    """The screen.

    :param asked: what is asked about a URL, and ``found`` what was found.
    """
    kind = request.args.get("kind")
    kind = kind if kind in entries.KINDS else None
    listed = entries.search(
        context(), principal(), kind=kind, cursor=request.args.get("cursor"), limit=_PAGE
    )
    following = listed.next_cursor
    return page(
        "settings/blocking",
        title="Blocking",
        at="settings",
        tab="blocking",
        status=status,
        form=form,
        asked=asked,
        is_checked=bool(asked.text("check")) and not asked.errors,
        found=found,
        kind=kind or "",
        entries=listed.items,
        files=context().settings.blocklists.status() if who().is_operator else [],
        next_href=url_for("admin.blocking", kind=kind, cursor=following) if following else "",
        first_href=url_for("admin.blocking", kind=kind) if request.args.get("cursor") else "",
    )
