"""Who asks, and what they may."""

from __future__ import annotations

from flask import Response

from klink.api import render
from klink.api.answers import Me
from klink.api.resource import Resource
from klink.core import keys, users, workspaces
from klink.core.links import active_links
from klink.core.principal import SCOPES
from klink.web.parts import context, parts
from klink.web.principal import principal

blueprint = Resource("me", "The key that is used.")


@blueprint.at("/me")
@blueprint.answers(200, Me, "Who asks.")
def read_me() -> Response:
    """Read who you are.

    The user, workspace, plan and usage behind the key, and the key's scopes. Any key may.
    """
    ctx, who = context(), principal()
    workspace = workspaces.get(who.workspace_id)
    own = [key for key in keys.all_of_them(who.workspace_id) if key.id == who.key_id]
    user = users.get(who.user_id or 0)
    return render.answer(
        {
            "user": {
                "id": user.uid,
                "email": user.email,
                "name": user.name,
                "role": user.roles.get(who.workspace_id),
            },
            "workspace": {
                "id": workspace.uid,
                "name": workspace.name,
                "public_id": workspace.public_id,
                "currency": workspace.currency,
                "conversion_names": list(workspaces.conversion_names(ctx, workspace)),
                "plan": render.plan(who.workspace_plan) if who.workspace_plan else None,
            },
            "key": {
                "id": own[0].uid,
                "name": own[0].name,
                "scopes": [scope for scope in SCOPES if scope in who.scopes],
            },
            "plan": render.plan(who.plan),
            "usage": {
                "requests": parts().meter.used(ctx, who),
                "links": active_links(ctx, who.workspace_id),
            },
        }
    )
