"""One's own account: name, password, second factor, and the browsers that are signed in."""

from __future__ import annotations

from flask import Response

from klink.admin import gate
from klink.admin.forms import Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.admin.settings import own_password
from klink.core import members, second_factor, sessions, users
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()


@screens.at("/settings/account", needs="person")
def account() -> Response:
    """All of it."""
    return _page()


@screens.at("/settings/account/name", "POST", needs="person")
def rename_me() -> Response:
    """Change one's name."""
    form = Form.sent()
    with form.catching():
        users.rename(context(), gate.who().user.id, form.text("name"))
    if form.errors:
        return _page(names=form)
    return redirect_to("admin.account", told="Name saved.")


@screens.at("/settings/account/password", "POST", needs="person")
def change_password() -> Response:
    """Change one's password; all other browsers are signed out by that."""
    form, ctx, me = Form.sent(), context(), gate.who()
    if form.raw("new") != form.raw("again"):
        form.refuse("again", "is not the same as the new password")
    with form.catching(password="new"):  # noqa: S106 - names of fields
        users.check_password(form.raw("new"))
    if not form.errors and own_password.may_try(form, "old"):
        with form.catching():
            ended = users.change_password(
                ctx, me.user.id, form.raw("old"), form.raw("new"), keep_session=me.session.id
            )
            own_password.knew_it()
    if form.errors:
        return _page(passwords=form)
    others = f" {ended} other browsers are signed out." if ended > 1 else ""
    others = " Another browser is signed out." if ended == 1 else others
    return redirect_to("admin.account", told=f"Password changed.{others}")


@screens.at("/settings/account/sessions/<int:session_id>/end", "POST", needs="person")
def end_session(session_id: int) -> Response:
    """Sign one browser out."""
    me = gate.who()
    sessions.end(context(), me.user.id, session_id)
    if session_id == me.session.id:
        gate.forget()
        return redirect_to("admin.sign_in")
    return redirect_to("admin.account", told="That browser is signed out.")


@screens.at("/settings/account/sessions/end-others", "POST", needs="person")
def end_other_sessions() -> Response:
    """Sign all other browsers out."""
    me = gate.who()
    sessions.end_others(context(), me.user.id, me.session.id)
    return redirect_to("admin.account", told="All other browsers are signed out.")


@screens.at("/settings/account/leave", "POST", needs="person")
def leave_workspace() -> Response:
    """Leave the workspace that is looked at."""
    form, name = Form.of(), gate.who().workspace.name
    with form.catching():
        members.leave(context(), principal())
    if form.errors:
        return _page(leaving=form)
    return redirect_to("admin.overview", told=f"You have left {name}.")


def _page(
    *, names: Form | None = None, passwords: Form | None = None, leaving: Form | None = None
) -> Response:
    """The page; with the form that was wrong, if one was."""
    ctx, me = context(), gate.who()
    is_on = second_factor.is_on(me.user)
    return page(
        "settings/account",
        title="Your account",
        at="settings",
        tab="account",
        status=422 if names or passwords or leaving else 200,
        names=names or Form.of({"name": me.user.name}),
        passwords=passwords or Form.of(),
        leaving=leaving or Form.of(),
        sessions=sessions.of_user(ctx, me.user.id),
        recovery_codes_left=second_factor.recovery_codes_left(me.user.id) if is_on else 0,
    )
