"""The admin page: a door for people, at ``/admin``, over the same core as the API.

Server-rendered and enhanced by a little script of our own. Each module has the screens of one
subject (:mod:`klink.admin.screens`); :mod:`klink.admin.gate` says who is signed in and what they
may do.
"""

from __future__ import annotations

from klink.admin import (
    account,
    audit,
    bio,
    blocking,
    conversions,
    domains,
    entrance,
    health,
    history,
    invites,
    jobs,
    keys,
    link_form,
    link_page,
    links_export,
    links_many,
    links_table,
    overview,
    own_second_factor,
    people,
    qr,
    quarantine,
    raw_clicks,
    reports,
    set_up,
    tags,
    try_key,
    usage,
    workspace,
    workspaces,
)
from klink.admin.door import make_blueprint

__all__ = ["SCREENS", "make_blueprint"]

SCREENS = (
    account.screens,
    audit.screens,
    bio.screens,
    blocking.screens,
    conversions.screens,
    domains.screens,
    entrance.screens,
    health.screens,
    history.screens,
    invites.screens,
    jobs.screens,
    keys.screens,
    link_form.screens,
    link_page.screens,
    links_export.screens,
    links_many.screens,
    links_table.screens,
    overview.screens,
    own_second_factor.screens,
    people.screens,
    qr.screens,
    quarantine.screens,
    raw_clicks.screens,
    reports.screens,
    set_up.screens,
    tags.screens,
    try_key.screens,
    usage.screens,
    workspace.screens,
    workspaces.screens,
)
