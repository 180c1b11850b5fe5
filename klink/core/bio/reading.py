"""Bio pages as their workspace sees them, and as visitors do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from klink.core.bio.model import (
    BioPageView,
    ChosenLink,
    Picture,
    PictureView,
    ShownLink,
    ShownPage,
    State,
)
from klink.core.bio.names import check_name, plain_name
from klink.core.context import Context
from klink.core.errors import BioNameTaken, NotFound, ValidationFailed
from klink.core.links.views import hosts_of, records, views_of
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db import rows
from klink.db.connection import read
from klink.db.models import BASE_DOMAIN_ID, BioPage, BioPicture, Domain

__all__ = [
    "chosen", "find_all", "get", "is_taken", "name_problem", "picture", "row_of", "shown",
    "shown_picture", "view_of",
]  # fmt: skip

# With `?` for the page.
_PLACES = """
    SELECT bio_links.link_id, bio_links.label, links.slug, links.title, links.domain_id,
        links.deleted_at, links.quarantined_at, links.is_active, links.starts_at,
        links.expires_at, links.max_clicks, link_uses.used
    FROM bio_links
    JOIN links ON links.id = bio_links.link_id
    LEFT JOIN link_uses ON link_uses.link_id = links.id
    WHERE bio_links.page_id = ? ORDER BY bio_links.position, bio_links.link_id
"""


def find_all(ctx: Context, who: Principal) -> list[BioPageView]:
    """The workspace's pages, oldest first.

    :raises InsufficientScope: who asks may not read.
    """
    who.need("read")
    with read():
        mine = BioPage.select().where(BioPage.workspace == who.workspace_id)
        return _views(ctx, who.workspace_id, list(mine.order_by(BioPage.id)))


def get(ctx: Context, who: Principal, name: str) -> BioPageView:
    """One page of the workspace.

    :raises InsufficientScope: who asks may not read.
    :raises NotFound: the workspace has none of this name.
    """
    who.need("read")
    with read():
        return view_of(ctx, row_of(who, name))


def chosen(ctx: Context, who: Principal, name: str) -> list[ChosenLink]:
    """The links on a page, in their order, those among them that visitors do not see.

    :raises: as :func:`get`.
    """
    who.need("read")
    with read():
        places = _places(ctx, row_of(who, name).id)
        if not places:
            return []
        among, value = rows.among("id", [place.link_id for place in places])
        links = {link.id: link for link in views_of(ctx, records(f"WHERE {among}", value))}
    return [
        ChosenLink(links[place.link_id], place.label, place.shown_label, place.state)
        for place in places
        if place.link_id in links  # it may have been purged meanwhile
    ]


def picture(who: Principal, name: str) -> Picture | None:
    """A page's picture, published or not.

    :raises: as :func:`get`.
    """
    who.need("read")
    with read():
        return _picture(row_of(who, name).id)


def name_problem(who: Principal, text: str) -> str:
    """Why a page of this workspace cannot be called so, '' when it can."""
    who.need("read")
    try:
        name = check_name(text)
        with read():
            if is_taken(name):
                raise BioNameTaken(name)
    except ValidationFailed as error:
        return error.errors["name"][0]
    except BioNameTaken as error:
        return str(error)
    return ""


def shown(ctx: Context, name: str, domain_id: int) -> ShownPage | None:
    """A page as visitors see it; None when there is none that they may see on this host.

    :param domain_id: whose host was asked; on one of a workspace's only its own pages are shown.
    :raises DatabaseBusy: when the database cannot be read now.
    """
    with read():
        row = _public_row(name, domain_id)
        if row is None:
            return None
        view = view_of(ctx, row)
        places = _places(ctx, row.id)
    return ShownPage(
        name=view.name,
        title=view.title,
        text=view.text,
        picture=view.picture,
        url=view.url,
        links=tuple(
            ShownLink(place.shown_label, place.short_url)
            for place in places
            if place.state == "shown"
        ),
    )


def shown_picture(name: str, picture_hash: str, domain_id: int) -> Picture | None:
    """The picture of a page that visitors may see, if it is still the one of this hash.

    :raises DatabaseBusy: when the database cannot be read now.
    """
    with read():
        row = _public_row(name, domain_id)
        return None if row is None else _picture(row.id, picture_hash)


def row_of(who: Principal, name: str) -> BioPage:
    """The record of a page of the workspace.

    :raises NotFound: it has none of this name.
    """
    plain = plain_name(name)
    row: BioPage | None = None
    if plain is not None:
        mine = BioPage.workspace == who.workspace_id
        row = BioPage.get_or_none(BioPage.name == plain, mine)
    if row is None:
        raise NotFound("bio page")
    return row


def is_taken(name: str) -> bool:
    """Whether a page of this server has the name."""
    return bool(BioPage.select().where(BioPage.name == name).exists())


def view_of(ctx: Context, row: BioPage) -> BioPageView:
    """A record as its workspace sees it."""
    return _views(ctx, row.workspace_id, [row])[0]


def _views(ctx: Context, workspace_id: int, pages: Sequence[BioPage]) -> list[BioPageView]:
    if not pages:
        return []
    among, value = rows.among("page_id", [row.id for row in pages])
    sql = f"SELECT page_id, COUNT(*) FROM bio_links WHERE {among} GROUP BY page_id"  # noqa: S608 - own words
    counts = dict(rows.all_of(sql, value))
    sql = f"SELECT page_id, type, hash, width, height FROM bio_pictures WHERE {among}"  # noqa: S608
    pictures = {row[0]: PictureView(*row[1:]) for row in rows.all_of(sql, value)}
    start = f"{ctx.settings.base_scheme}://{_host(ctx, workspace_id)}/@"
    return [
        BioPageView(
            uid=row.uid,
            workspace_id=row.workspace_id,
            name=row.name,
            title=row.title,
            text=row.text,
            is_published=row.is_published,
            picture=pictures.get(row.id),
            url=start + row.name,
            link_count=counts.get(row.id, 0),
            created_at=row.created_at,
            updated_at=row.updated_at,
            version=row.version,
        )
        for row in pages
    ]


def _host(ctx: Context, workspace_id: int) -> str:
    """The host that a workspace's new links have, and its pages with them."""
    found = rows.one("SELECT host FROM domains WHERE workspace_id = ? AND is_default", workspace_id)
    return ctx.settings.base_host if found is None else str(found[0])


def _public_row(name: str, domain_id: int) -> BioPage | None:
    plain = plain_name(name)
    if plain is None:
        return None
    row: BioPage | None = BioPage.get_or_none(BioPage.name == plain, BioPage.is_published)
    if row is None or domain_id == BASE_DOMAIN_ID:
        return row
    domain = Domain.get_or_none(Domain.id == domain_id, Domain.workspace == row.workspace_id)
    return None if domain is None else row


def _picture(page_id: int, picture_hash: str | None = None) -> Picture | None:
    row = BioPicture.get_or_none(BioPicture.page == page_id)
    if row is None or picture_hash not in (None, row.hash):
        return None
    return Picture(row.type, bytes(row.data))


class _Place(NamedTuple):
    """A link on a page: what it takes to show it, or to say why it is not shown."""

    link_id: int
    label: str | None
    shown_label: str
    short_url: str
    state: State


class _Limits(NamedTuple):
    """What decides whether a link is shown; times in milliseconds."""

    deleted_at: int | None
    quarantined_at: int | None
    is_active: bool
    starts_at: int | None
    expires_at: int | None
    max_clicks: int | None
    used: int | None


def _places(ctx: Context, page_id: int) -> list[_Place]:
    found = rows.all_of(_PLACES, page_id)
    hosts = hosts_of({row[4] for row in found})
    places = []
    for link_id, label, slug, title, domain_id, *limits in found:
        address = f"{hosts.get(domain_id, ctx.settings.base_host)}/{slug}"
        places.append(
            _Place(
                link_id,
                label,
                label or title or address,
                f"{ctx.settings.base_scheme}://{address}",
                _state(_Limits(*limits), ctx.now),
            )
        )
    return places


def _state(link: _Limits, now: datetime) -> State:
    """As visitors of its short URL would find it (:mod:`klink.core.resolve`)."""
    at = to_ms(now)
    reasons: tuple[tuple[bool, State], ...] = (
        (link.deleted_at is not None, "trashed"),
        (link.quarantined_at is not None, "quarantined"),
        (not link.is_active, "inactive"),
        (link.starts_at is not None and at < link.starts_at, "not_started"),
        (link.expires_at is not None and at >= link.expires_at, "expired"),
        (link.max_clicks is not None and (link.used or 0) >= link.max_clicks, "used_up"),
    )
    return next((state for holds, state in reasons if holds), "shown")
