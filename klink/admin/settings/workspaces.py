"""All workspaces of the server, for whoever runs it."""

from __future__ import annotations

from flask import Response

from klink.admin.forms import Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import workspace_sizes
from klink.core import workspaces as core
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()


@screens.at("/settings/workspaces", needs="operator")
def workspaces() -> Response:
    """Every workspace with what it holds."""
    return _shown(Form.of())


@screens.at("/settings/workspaces", "POST", needs="operator")
def create_workspace() -> Response:
    """Make a workspace; whoever makes it is its owner."""
    form = Form.sent()
    with form.catching(conflict="name"):
        core.create(context(), form.text("name"), form.text("plan") or None, who=principal())
    if form.errors:
        return _shown(form, status=422)
    told = f"The workspace {form.text('name')} is made. You are its owner."
    return redirect_to("admin.workspaces", told=told)


@screens.at("/settings/workspaces/<int:number>/plan", "POST", needs="operator")
def set_workspace_plan(number: int) -> Response:
    """Cap all keys of a workspace together, or take the cap away."""
    form = Form.sent()
    name = ""
    with form.catching():
        name = core.set_plan(context(), number, form.text("plan") or None, who=principal()).name
    if form.errors:
        return _shown(form, status=422)
    return redirect_to("admin.workspaces", told=f"The plan of {name} is changed.")


def _shown(form: Form, *, status: int = 200) -> Response:
    plans = [("", "no cap"), *((name, name) for name in context().settings.plans)]
    return page(
        "settings/workspaces",
        title="Workspaces",
        at="settings",
        tab="workspaces",
        status=status,
        form=form,
        sizes=workspace_sizes.sizes(),
        plans=plans,
    )
