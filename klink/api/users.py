"""Who is in the workspace, as what, and who is invited."""

from __future__ import annotations

from typing import Any

from flask import Response

from klink.api import render
from klink.api.people_schemas import (
    InviteInput,
    InviteList,
    NewInvite,
    PageQuery,
    RoleInput,
    User,
    UserList,
)
from klink.api.resource import Resource
from klink.core import invites, members
from klink.core.errors import Conflict
from klink.core.invites import InviteView
from klink.core.members import MemberView
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal
from klink.web.resource import header

blueprint = Resource("users", "Who is in the workspace, and who is invited.")

# Any: what a schema has read, by names and types that it knows.
Read = dict[str, Any]

_PAGE = 50
_SHOWN_ONCE = ("link",)


@blueprint.at("/users")
@blueprint.query(PageQuery)
@blueprint.answers(200, UserList, "One page; those who are users for longest first.")
def list_users(query: Read) -> Response:
    """List the members of the workspace.

    For owners and admins.
    """
    page = members.search(context(), principal(), **{"limit": _PAGE, **query})
    items = [_member(each) for each in page.items]
    return render.answer({"items": items, "next_cursor": page.next_cursor})


@blueprint.at("/users/<user_id>")
@blueprint.answers(200, User, "The user.")
def read_user(user_id: str) -> Response:
    """Read a member of the workspace.

    For owners and admins.
    """
    return render.answer(_member(members.get(context(), principal(), user_id)))


@blueprint.at("/users/<user_id>", "PATCH")
@blueprint.body(RoleInput, content_type="application/merge-patch+json", example={"role": "viewer"})
@blueprint.answers(200, User, "The user as they are now.")
@blueprint.refuses(Conflict)
def change_user(read: Read, user_id: str) -> Response:
    """Give a member another role.

    For owners and admins; only owners make owners, or touch them. The last owner stays one: 409
    `last_owner`. Who is neither owner nor admin any more has their open invitations revoked.
    """
    changed = members.change_role(context(), principal(), user_id, read["role"])
    return render.answer(_member(changed))


@blueprint.at("/users/<user_id>", "DELETE")
@blueprint.answers(204, description="They are no member any more.")
@blueprint.refuses(Conflict)
def remove_user(user_id: str) -> Response:
    """Take a member out of the workspace.

    Their keys to it are revoked, and so are the invitations that they have made. For owners and
    admins; only owners remove owners, and the last one stays: 409 `last_owner`.
    """
    members.remove(context(), principal(), user_id)
    return Response(status=204)


@blueprint.at("/users/invites")
@blueprint.answers(200, InviteList, "All that are open, newest first.")
def list_invites() -> Response:
    """List the invitations that can be accepted now.

    For owners and admins.
    """
    found = invites.open_invites(context(), principal())
    return render.answer({"items": [_invite(each) for each in found]})


@blueprint.at("/users/invites", "POST")
@blueprint.body(InviteInput, example={"email": "ann@example.org", "role": "editor"})
@blueprint.answers(
    201, NewInvite, "Invited.", headers={"Location": header("What DELETE revokes it by.")}
)
@blueprint.takes("Idempotency-Key")
@blueprint.refuses(Conflict)
def invite_user(read: Read) -> Response:
    """Invite somebody into the workspace.

    klink sends no mail: the answer holds a link, this once, that works for seven days and one
    person. An open invitation of the same e-mail is revoked by it. For owners and admins; only
    owners invite owners.
    """
    answer: Response = _create(read)
    return answer


def _invited_once(view: Any) -> Any:  # Any: a decorator that keeps what it decorates
    return idempotent(view, decorate=render.placed_by("id"), forgets=_SHOWN_ONCE)


@_invited_once
def _create(read: Read) -> Response:
    ctx = context()
    made, token = invites.invite(ctx, principal(), read["email"], read["role"])
    return render.answer(_invite(made) | {"link": invites.address(ctx, token)}, 201)


@blueprint.at("/users/invites/<invite_id>", "DELETE")
@blueprint.answers(204, description="It invites nobody any more.")
def revoke_invite(invite_id: str) -> Response:
    """Revoke an open invitation.

    For owners and admins.
    """
    invites.revoke(context(), principal(), invite_id)
    return Response(status=204)


def _member(view: MemberView) -> dict[str, Any]:
    return {
        "id": view.uid,
        "email": view.email,
        "name": view.name,
        "role": view.role,
        "is_active": view.is_active,
        "can_sign_in": view.can_sign_in,
        "has_second_factor": view.has_second_factor,
        "joined_at": render.time(view.joined_at),
        "active_keys": view.active_keys,
    }


def _invite(view: InviteView) -> dict[str, Any]:
    return {
        "id": view.uid,
        "email": view.email,
        "role": view.role,
        "invited_by": view.invited_by,
        "created_at": render.time(view.created_at),
        "expires_at": render.time(view.expires_at),
    }
