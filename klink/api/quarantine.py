"""Links in quarantine: put there and taken out by hand."""

from __future__ import annotations

from typing import Any

from flask import Response

from klink.api import render
from klink.api.answers import Link
from klink.api.resource import Resource
from klink.api.schemas import QuarantineInput
from klink.core import links as core
from klink.web.hooks import wait_for_clicks
from klink.web.parts import context
from klink.web.principal import principal

blueprint = Resource("quarantine", "Links that lead nowhere because of what they lead to.")


@blueprint.at("/links/<link_id>/quarantine", "POST")
@blueprint.body(QuarantineInput, example={"reason": "spam"})
@blueprint.answers(200, Link, "The link as it is now.")
def quarantine_link(read: dict[str, Any], link_id: str) -> Response:
    """Put a link in quarantine.

    Visitors are answered 404, as if it were not there, until it is released. For owners and
    admins.
    """
    wait_for_clicks()
    return render.link_answer(core.quarantine(context(), principal(), link_id, read["reason"]))


@blueprint.at("/links/<link_id>/release", "POST")
@blueprint.answers(200, Link, "The link as it is now.")
def release_link(link_id: str) -> Response:
    """Take a link out of quarantine.

    What a list of the workspace says of its destinations is allowed from now on. What the
    server's operator or one of the server's lists holds stays: 403 `only_operator`. For owners
    and admins.
    """
    wait_for_clicks()
    return render.link_answer(core.release(context(), principal(), link_id))
