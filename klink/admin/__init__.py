"""The admin page: a door for people, at ``/admin``, over the same core as the API.

Server-rendered and enhanced by a little script of our own. Each module has the screens of one
subject (:mod:`klink.admin.screens`); :mod:`klink.admin.gate` says who is signed in and what they
may do.
"""

from __future__ import annotations

from klink.admin import conversions, entrance, link_page, overview, raw_clicks, set_up
from klink.admin.door import make_blueprint

__all__ = ["SCREENS", "make_blueprint"]

SCREENS = (
    entrance.screens,
    overview.screens,
    set_up.screens,
    link_page.screens,
    raw_clicks.screens,
    conversions.screens,
)
