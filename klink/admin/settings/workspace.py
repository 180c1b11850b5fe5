"""What is set of the workspace: name, currency, and which events count as conversions."""

from __future__ import annotations

from functools import cache

from babel.numbers import get_currency_name
from flask import Response

from klink.admin import gate
from klink.admin.forms import Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import workspaces as core
from klink.core.currencies import CURRENCIES
from klink.db.connection import write
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()


@screens.at("/settings/workspace", needs="manager")
def workspace_settings() -> Response:
    """All of it."""
    return _page()


@screens.at("/settings/workspace", "POST", needs="manager")
def save_workspace() -> Response:
    """Save name and currency, or neither."""
    form = Form.sent()
    with form.catching(conflict="name", revenue_counted="currency"), write():
        core.rename(context(), principal(), form.text("name"))
        core.set_currency(context(), principal(), form.text("currency"))
    if form.errors:
        return _page(settings=form)
    return redirect_to("admin.workspace_settings", told="Saved.")


@screens.at("/settings/workspace/conversions", "POST", needs="manager")
def add_conversion_name() -> Response:
    """Count the events of one more name."""
    form = Form.sent()
    name = form.text("event")
    with form.catching(conversion_names="event"):
        core.count_events(context(), principal(), name, as_conversions=True)
    if form.errors:
        return _page(events=form)
    return redirect_to("admin.workspace_settings", told=f"{name} counts from now on.")


@screens.at("/settings/workspace/conversions/remove", "POST", needs="manager")
def remove_conversion_name() -> Response:
    """Count the events of one name no more."""
    name = Form.sent().raw("event")
    core.count_events(context(), principal(), name, as_conversions=False)
    return redirect_to("admin.workspace_settings", told=f"{name} counts no more.")


@screens.at("/settings/workspace/conversions/reset", "POST", needs="manager")
def reset_conversion_names() -> Response:
    """Count what the server's configuration says."""
    who = principal()
    core.set_conversion_names(context(), who.workspace_id, None, who)
    return redirect_to("admin.workspace_settings", told="The server's names count again.")


def _page(*, settings: Form | None = None, events: Form | None = None) -> Response:
    """The page; with the form that was wrong, if one was."""
    ctx, own = context(), gate.who().workspace
    return page(
        "settings/workspace",
        title="Workspace",
        at="settings",
        tab="workspace",
        status=422 if settings or events else 200,
        workspace=own,
        settings=settings or Form.of({"name": own.name, "currency": own.currency}),
        events=events or Form.of(),
        currencies=_currencies(),
        names=core.conversion_names(ctx, own),
        has_own_names=own.conversion_names is not None,
    )


@cache
def _currencies() -> list[tuple[str, str]]:
    return [
        (code, f"{code} · {get_currency_name(code, locale='en')}") for code in sorted(CURRENCIES)
    ]
