"""The set-up link: the first owner of a fresh server."""

from __future__ import annotations

from flask import Response

from klink.admin import gate
from klink.admin.forms import Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import set_up as core
from klink.web.parts import context

screens = Screens()


@screens.at("/setup/<token>", needs="anybody")
def set_up(token: str) -> Response:
    """The form, as long as the link works."""
    core.check(context(), token)
    return page("set_up", title="Set up klink", form=Form.of())


@screens.at("/setup/<token>", "POST", needs="anybody")
def set_up_now(token: str) -> Response:
    """Make the owner, and sign them in."""
    form = Form.sent()
    if form.raw("password") != form.raw("again"):
        form.refuse("again", "is not the same as the password")
    with form.catching():
        core.check(context(), token)
        if not form.errors:
            owner = core.complete(
                context(), token, email=form.text("email"), password=form.raw("password")
            )
    if form.errors:
        return page("set_up", title="Set up klink", status=422, form=form)
    gate.sign_in(owner.id)
    return redirect_to("admin.overview", told="Welcome. Make your first link.")
