"""The admin page: a door for people, at ``/admin``, over the same core as the API.

Server-rendered and enhanced by a little script of our own. Each module has the screens of one
subject (:mod:`klink.admin.screens`); :mod:`klink.admin.gate` says who is signed in and what they
may do.
"""

from __future__ import annotations

from klink.admin import (
    bio,
    conversions,
    entrance,
    history,
    link_page,
    links_export,
    links_many,
    links_table,
    overview,
    qr,
    raw_clicks,
    set_up,
    tags,
)
from klink.admin.door import make_blueprint

__all__ = ["SCREENS", "make_blueprint"]

SCREENS = (
    bio.screens,
    conversions.screens,
    entrance.screens,
    history.screens,
    link_page.screens,
    links_export.screens,
    links_many.screens,
    links_table.screens,
    overview.screens,
    qr.screens,
    raw_clicks.screens,
    set_up.screens,
    tags.screens,
)
