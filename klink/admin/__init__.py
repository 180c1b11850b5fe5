"""The admin page: a door for people, at ``/admin``, over the same core as the API.

Server-rendered and enhanced by a little script of our own. Each module has the screens of one
subject (:mod:`klink.admin.screens`); :mod:`klink.admin.gate` says who is signed in and what they
may do.
"""

from __future__ import annotations

from klink.admin import (
    bio,
    entrance,
    invites,
    reports,
    set_up,
)
from klink.admin.door import make_blueprint
from klink.admin.link_form import views as link_form
from klink.admin.links import (
    clicks,
    export,
    history,
    many,
    page,
    qr,
    table,
)
from klink.admin.numbers import (
    conversions,
    overview,
)
from klink.admin.settings import (
    account,
    audit,
    blocking,
    domains,
    health,
    jobs,
    keys,
    own_second_factor,
    people,
    quarantine,
    tags,
    try_key,
    usage,
    workspace,
    workspaces,
)

__all__ = ["SCREENS", "make_blueprint"]

SCREENS = (
    account.screens,
    audit.screens,
    bio.screens,
    blocking.screens,
    clicks.screens,
    conversions.screens,
    domains.screens,
    entrance.screens,
    export.screens,
    health.screens,
    history.screens,
    invites.screens,
    jobs.screens,
    keys.screens,
    link_form.screens,
    many.screens,
    overview.screens,
    own_second_factor.screens,
    page.screens,
    people.screens,
    qr.screens,
    quarantine.screens,
    reports.screens,
    set_up.screens,
    table.screens,
    tags.screens,
    try_key.screens,
    usage.screens,
    workspace.screens,
    workspaces.screens,
)
