"""Plans, and what is used of them."""

from __future__ import annotations

from flask import Response

from klink.admin import gate
from klink.admin.rendering import page
from klink.admin.screens import Screens
from klink.core import allowances
from klink.web.parts import context, parts
from klink.web.principal import principal

screens = Screens()


@screens.at("/settings/usage", needs="read")
def usage() -> Response:
    """How the workspace and each key stand, and which plans there are."""
    ctx, who, meter = context(), principal(), parts().meter
    return page(
        "settings/usage",
        title="Usage",
        at="settings",
        tab="usage",
        own=allowances.of_workspace(ctx, meter, who),
        keys=allowances.of_keys(ctx, meter, who),
        plans=[ctx.settings.plans[name] for name in sorted(ctx.settings.plans)],
        sees_all=gate.may("manager"),
    )
