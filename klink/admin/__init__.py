"""The admin page: a door for people, at ``/admin``, over the same core as the API.

Server-rendered and enhanced by a little script of our own. Each module has the screens of one
subject (:mod:`klink.admin.screens`); :mod:`klink.admin.gate` says who is signed in and what they
may do.
"""

from __future__ import annotations

from klink.admin import (
    account,
    admin,
    af,
    and,
    b,
    bio,
    conversions,
    d,
    entrance,
    history,
    how,
    invites,
    keys,
    link_page,
    links_export,
    links_many,
    links_table,
    on,
    overview,
    own_second_factor,
    page,
    people,
    qr,
    raw_clicks,
    set_up,
    tags,
    the,
    try_key,
    usage,
    workspace,
)
from klink.admin.door import make_blueprint

__all__ = ["SCREENS", "make_blueprint"]

SCREENS = (
    account.screens,
    admin.screens,
    af.screens,
    and.screens,
    b.screens,
    bio.screens,
    conversions.screens,
    d.screens,
    entrance.screens,
    history.screens,
    how.screens,
    invites.screens,
    keys.screens,
    link_page.screens,
    links_export.screens,
    links_many.screens,
    links_table.screens,
    on.screens,
    overview.screens,
    own_second_factor.screens,
    page.screens,
    people.screens,
    qr.screens,
    raw_clicks.screens,
    set_up.screens,
    tags.screens,
    the.screens,
    try_key.screens,
    usage.screens,
    workspace.screens,
)
