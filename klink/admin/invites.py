"""Coming into a workspace by an invitation's link."""

from __future__ import annotations

from flask import Response

from klink.admin import gate
from klink.admin.forms import Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import invites as core
from klink.core import sessions
from klink.core.invites import BadInvite
from klink.web.parts import context

screens = Screens()


@screens.at("/invite/<token>", needs="anybody")
def invite(token: str) -> Response:
    """What it invites to, and how to come in."""
    return _page(token, Form.of())


@screens.at("/invite/<token>", "POST", needs="anybody")
def accept_invitation(token: str) -> Response:
    """Come in: as somebody new, or as who is signed in."""
    form, ctx, me = Form.sent(), context(), gate.here()
    try:
        found = core.look(ctx, token)
        if me is None and form.raw("password") != form.raw("again"):
            form.refuse("again", "is not the same as the password")
        else:
            with form.catching():
                user = core.accept(
                    ctx,
                    token,
                    password=form.raw("password"),
                    name=form.text("name"),
                    user_id=me.user.id if me else None,
                )
    except BadInvite as error:
        return _refused(error)
    if form.errors:
        return _page(token, form)
    if me is None:
        gate.sign_in(user.id, workspace_id=found.workspace_id)
    else:
        sessions.switch(ctx, me, found.workspace_id)
    return redirect_to("admin.overview", told=f"Welcome to {found.workspace_name}.")


def _page(token: str, form: Form) -> Response:
    try:
        found = core.look(context(), token)
    except BadInvite as error:
        return _refused(error)
    return page(
        "invite",
        title="Invitation",
        status=422 if form.errors else 200,
        form=form,
        invite=found,
        token=token,
    )


def _refused(error: BadInvite) -> Response:
    return page("invite_refused", title="Invitation", status=404, reason=str(error))
