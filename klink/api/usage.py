"""What is used of the plans, and what is left."""

from __future__ import annotations

from typing import Any

from flask import Response

from klink.api import render
from klink.api.people_schemas import Usage
from klink.api.resource import Resource
from klink.core import allowances as core
from klink.core.allowances import Allowance, Used, UsedWindow
from klink.web.parts import context, parts
from klink.web.principal import principal

blueprint = Resource("usage", "Plans, and what is used of them.")


@blueprint.at("/usage")
@blueprint.answers(200, Usage, "How key and workspace stand, with this request counted.")
def read_usage() -> Response:
    """Read what is used of the plans.

    Minute and hour count the requests of the key, the month those of the whole workspace.
    """
    ctx, who, meter = context(), principal(), parts().meter
    return render.answer(
        {
            "workspace": _rendered(core.of_workspace(ctx, meter, who)),
            "key": _rendered(core.of_key(ctx, meter, who)),
        }
    )


def _rendered(found: Allowance) -> dict[str, Any]:
    return {
        "plan": render.plan(found.plan) if found.plan else None,
        "requests": {window.name: _window(window) for window in found.windows},
        "links": _used(found.links),
    }


def _window(window: UsedWindow) -> dict[str, Any]:
    return _used(window) | {"resets_at": render.time(window.resets_at)}


def _used(used: Used) -> dict[str, Any]:
    return {"used": used.used, "limit": used.limit, "left": used.left}
