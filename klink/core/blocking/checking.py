"""Asking the lists about one URL, for a person who wants to know."""

from __future__ import annotations

from klink.core.blocking.gate import Gate
from klink.core.blocking.lists import Finding
from klink.core.context import Context
from klink.core.errors import InvalidUrl, ValidationFailed
from klink.core.principal import Principal
from klink.core.urls import parse
from klink.db.connection import read

__all__ = ["check"]


def check(ctx: Context, who: Principal, url: str) -> Finding | None:
    """Why no link of the workspace may lead to a URL; None when one may.

    :raises InsufficientScope, InsufficientRole: for owners and admins, as the lists are.
    :raises ValidationFailed: on ``url``: no link leads there, whatever the lists say.
    """
    who.need("read")
    who.need_manager()
    try:
        location = parse(url).location
    except InvalidUrl as error:
        raise ValidationFailed({"url": [error.reason]}) from None
    ctx.settings.blocklists.look()  # before the database is asked
    with read():
        return Gate(ctx, who.workspace_id).finding(location)
