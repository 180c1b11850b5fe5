"""Which links have a page to look at, and when that is first done (klookup U11)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from klink.core import urls
from klink.core.context import Context
from klink.core.times import from_ms, to_ms
from klink.db import rows
from klink.db.models import Link, SiteCheck

FIRST_LOOK = timedelta(minutes=15)
"""How long people have to put a new link on their page before it is looked for there."""

NEVER = from_ms(0)


def plan(ctx: Context, records: Sequence[Mapping[str, Any]]) -> None:
    """Plan the first look at the page of each new link that names one.

    :param records: of links, by the names of the model's fields. Any: each of its own type.
    """
    rows.insert(
        SiteCheck,
        [_row(ctx, each["id"], each["site_url"]) for each in records if each["site_url"]],
    )


def replan(ctx: Context, row: Link, columns: Mapping[str, object]) -> dict[str, object]:
    """Plan anew when a change asks another question; return what else has to change.

    Another page, another slug to be found on it, or a return from the trash: what was found
    out before says nothing now, and a clock that ran must not run on.
    """
    after = {name: columns.get(name, getattr(row, name)) for name in _ASKED}
    if all(after[name] == getattr(row, name) for name in _ASKED):
        return {}
    forget(row.id)
    if after["site_url"] is not None and after["deleted_at"] is None:
        rows.insert(SiteCheck, [_row(ctx, row.id, str(after["site_url"]))])
    return {"site_verified_at": None, "scheduled_deletion_at": None}


_ASKED = ("site_url", "slug", "deleted_at")


def forget(link_id: int) -> None:
    """Look no more at a link's page."""
    SiteCheck.delete().where(SiteCheck.link_id == link_id).execute()


def _row(ctx: Context, link_id: int, site_url: str) -> dict[str, object]:
    first = ctx.now + min(FIRST_LOOK, ctx.settings.site_interval)
    return {
        "link_id": link_id,
        "host": urls.host_of(site_url),
        "next_at": to_ms(first),
        "last_at": to_ms(NEVER),
        "failures": 0,
        "outcome": None,
    }
