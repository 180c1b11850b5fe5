"""Who is in the workspace, as what, and who is invited."""

from __future__ import annotations

from flask import Response, request

from klink.admin import gate
from klink.admin.forms import Form
from klink.admin.rendering import page, redirect_to
from klink.admin.screens import Screens
from klink.core import invites, members
from klink.core.workspaces import ROLES
from klink.web.parts import context
from klink.web.principal import principal

screens = Screens()

ABOUT_ROLES = {
    "owner": "everything, also other owners",
    "admin": "everything but owners",
    "editor": "links, statistics, own keys",
    "viewer": "look, and no more",
}


@screens.at("/settings/people", needs="manager")
def people() -> Response:
    """Members, and invitations that are open."""
    return _page(Form.of({"role": "editor"}))


@screens.at("/settings/people/<uid>/role", "POST", needs="manager")
def change_role(uid: str) -> Response:
    """Give a member another role."""
    form = Form.sent()
    with form.catching(role=""):
        changed = members.change_role(context(), principal(), uid, form.text("role"))
    if form.errors:
        return _page(Form.of({"role": "editor"}), changes=form)
    return redirect_to("admin.people", told=f"{changed.email} is {changed.role} now.")


@screens.at("/settings/people/<uid>/remove", "POST", needs="manager")
def remove_member(uid: str) -> Response:
    """Take somebody out of the workspace."""
    form = Form.of()
    with form.catching():
        members.remove(context(), principal(), uid)
    if form.errors:
        return _page(Form.of({"role": "editor"}), changes=form)
    return redirect_to("admin.people", told="Removed. Their keys to this workspace are revoked.")


@screens.at("/settings/people/invites", "POST", needs="manager")
def invite_member() -> Response:
    """Invite somebody; the answer shows the link, this once."""
    form, ctx = Form.sent(), context()
    with form.catching():
        made, token = invites.invite(ctx, principal(), form.text("email"), form.text("role"))
    if form.errors:
        return _page(form)
    return page(
        "settings/invited",
        title="Invited",
        at="settings",
        tab="people",
        invite=made,
        link=invites.address(ctx, token),
    )


@screens.at("/settings/people/invites/<uid>/revoke", "POST", needs="manager")
def revoke_invite(uid: str) -> Response:
    """Make an open invitation worthless."""
    invites.revoke(context(), principal(), uid)
    return redirect_to("admin.people", told="The invitation is revoked.")


def _page(form: Form, *, changes: Form | None = None) -> Response:
    ctx, who, is_owner = context(), principal(), gate.who().role == "owner"
    roles = [role for role in ROLES if role != "owner" or is_owner]
    found = members.search(ctx, who, cursor=request.args.get("cursor"))
    return page(
        "settings/people",
        title="People",
        at="settings",
        tab="people",
        status=422 if form.errors or changes else 200,
        form=form,
        changes=changes or Form.of(),
        members=found.items,
        next_cursor=found.next_cursor,
        invites=invites.open_invites(ctx, who),
        roles=roles,
        role_options=[(role, f"{role}: {ABOUT_ROLES[role]}") for role in roles],
    )
