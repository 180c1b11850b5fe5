"""Which destinations are checked, and when that is first done."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from klink.core import urls
from klink.core.context import Context, Settings
from klink.core.links.model import LinkView
from klink.core.times import share, to_ms
from klink.db import rows
from klink.db.models import ONLY, DestinationCheck, Link, Variant


def interval(settings: Settings, failover_url: str | None) -> timedelta | None:
    """How often the destinations of a link are checked; None: not by the clock."""
    if failover_url is None:
        return settings.destination_interval
    return min(settings.failover_interval, settings.destination_interval or timedelta.max)


def plan(
    ctx: Context, records: Sequence[Mapping[str, Any]], variants: Sequence[Mapping[str, Any]]
) -> None:
    """Plan the first check of new links with a ``failover_url``; the job finds the others.

    :param records: of links, by the names of the model's fields. Any: each of its own type.
    :param variants: of variants, likewise.
    """
    watched = {each["id"]: each for each in records if each["failover_url"] is not None}
    several = [each for each in variants if each["link"] in watched]
    asked = {(each["link"], each["id"]): each["url"] for each in several}
    with_variants = {link_id for link_id, _ in asked}
    for link_id, each in watched.items():
        if link_id not in with_variants:
            asked[link_id, ONLY] = each["url"]
    planned = []
    for (link_id, variant_id), url in asked.items():
        link = watched[link_id]
        every = interval(ctx.settings, link["failover_url"])
        planned.append(row(ctx.now, link_id, variant_id, link["workspace"], url, every))
    rows.insert(DestinationCheck, planned)


def replan(ctx: Context, before: LinkView, after: LinkView) -> bool:
    """Plan anew after a change that asks another question; whether there was such a change.

    What was known of a destination that is another one now, or in the trash, is forgotten; and
    all of it when nobody has looked by the clock until now.
    """
    old, new = _asked(before), _asked(after)
    if old == new and (before.failover_url is None) == (after.failover_url is None):
        return False
    was = interval(ctx.settings, before.failover_url)
    every = interval(ctx.settings, after.failover_url)
    kept = [i for i, url in new.items() if old.get(i) == url and not (was is None and every)]
    _forget_but(after.id, kept)
    if every is None:
        DestinationCheck.update(next_at=None).where(DestinationCheck.link_id == after.id).execute()
    else:
        planned = [
            row(ctx.now, after.id, i, after.workspace_id, url, every) for i, url in new.items()
        ]
        upsert(planned, sooner=True)
    return True


def forget(link_id: int) -> None:
    """Check a link's destinations no more."""
    DestinationCheck.delete().where(DestinationCheck.link_id == link_id).execute()


def row(
    now: datetime,
    link_id: int,
    variant_id: int,
    workspace_id: int,
    url: str,
    every: timedelta | None,
) -> dict[str, object]:
    """The record of a destination that was not checked yet, by the names of its fields."""
    return {
        "link_id": link_id,
        "variant_id": variant_id,
        "workspace_id": workspace_id,
        "host": urls.host_of(url),
        "next_at": None if every is None else to_ms(now + every * share(link_id + variant_id)),
        "checked_at": 0,
        "failures": 0,
    }


def upsert(planned: Iterable[Mapping[str, object]], *, sooner: bool = False) -> None:
    """Write records of :func:`row`; of those that are there only the next check is planned.

    :param sooner: also when one is planned already, for later.
    """
    many = list(planned)
    if not many:
        return
    or_later = "OR destination_checks.next_at > excluded.next_at" if sooner else ""
    marks = ", ".join([f"({', '.join('?' * len(many[0]))})"] * len(many))
    rows.run(
        f"INSERT INTO destination_checks ({', '.join(many[0])}) VALUES {marks} "  # noqa: S608 - own
        "ON CONFLICT (link_id, variant_id) DO UPDATE SET next_at = excluded.next_at "
        f"WHERE destination_checks.next_at IS NULL {or_later}",
        *(value for each in many for value in each.values()),
    )


def _asked(link: LinkView) -> dict[int, str]:
    """The destinations that there are to check, by variant."""
    if link.deleted_at is not None:
        return {}
    return {variant.id: variant.url for variant in link.variants} or {ONLY: link.url}


def _forget_but(link_id: int, kept: Sequence[int]) -> None:
    """Forget what is known of a link's destinations, but for those variants."""
    mine = DestinationCheck.link_id == link_id
    DestinationCheck.delete().where(mine, DestinationCheck.variant_id.not_in(kept)).execute()
    if ONLY not in kept:
        Link.update(down_at=None).where(Link.id == link_id).execute()
    theirs = Variant.link == link_id
    Variant.update(down_at=None).where(theirs, Variant.id.not_in(kept)).execute()
