"""The overview: how the workspace does."""

from __future__ import annotations

from flask import Response

from klink.admin.rendering import page
from klink.admin.screens import Screens

screens = Screens()


@screens.at("/", needs="read")
def overview() -> Response:
    """The first page."""
    return page("overview", title="Overview", at="overview")
