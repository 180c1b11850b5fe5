"""Bio pages: list, create, read, change and delete them, and their pictures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from klink.api import render
from klink.api.bio_schemas import (
    BioPage,
    BioPageList,
    BioPagePatchInput,
    NewBioPageInput,
)
from klink.api.etags import if_match
from klink.api.resource import Resource
from klink.core import bio as core
from klink.core.bio import BioPageView, BioPatch, NewBioPage, PlacedLink
from klink.core.errors import BioNameTaken, Conflict
from klink.db.connection import write
from klink.stats.counts import with_counts
from klink.web.body import BodyTooLarge, UnsupportedMediaType
from klink.web.hooks import wait_for_clicks
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal
from klink.web.resource import header

blueprint = Resource("bio-pages", "Public pages at `/@name` with a picture, words and links.")

# Any: what a schema has read, by names and types that it knows.
Read = dict[str, Any]

_ETAG = {"ETag": header("The page's version, for `If-Match`.")}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_PICTURES = ("image/png", "image/jpeg", "image/webp", "application/octet-stream")
_EXAMPLE = {"name": "acme", "title": "Acme", "text": "We make things.", "is_published": True}


@blueprint.at("/bio-pages")
@blueprint.answers(200, BioPageList, "All of them; a workspace may have ten.")
def list_bio_pages() -> Response:
    """List the workspace's bio pages."""
    pages = core.find_all(context(), principal())
    return render.answer({"items": [_page(view) for view in pages]})


def _placed_once(view: Any) -> Any:  # Any: a decorator that keeps what it decorates
    return idempotent(view, decorate=render.placed_by("name"))


@blueprint.at("/bio-pages", "POST")
@blueprint.body(NewBioPageInput, example=_EXAMPLE)
@blueprint.answers(201, BioPage, "Made.", headers=_ETAG | {"Location": header("Its address.")})
@blueprint.takes("Idempotency-Key")
@blueprint.refuses(Conflict, BioNameTaken)
def create_bio_page(read: Read) -> Response:
    """Make a bio page.

    Visitors see it when `is_published` is true, which it is not by itself. A name is one page's
    on the whole server (409 `name_taken`).
    """
    wait_for_clicks()
    answer: Response = _create(read)
    return answer


@_placed_once
def _create(read: Read) -> Response:
    ctx, who = context(), principal()
    with write():
        new = NewBioPage(
            name=read["name"], title=read.get("title") or "", text=read.get("text") or ""
        )
        view = core.create(ctx, who, new)
        if read.get("links"):
            view = core.place(ctx, who, view.name, _wanted(read["links"]))
        if read.get("is_published"):
            view = core.change(ctx, who, view.name, BioPatch(is_published=True))
    return _answer(view, 201)


@blueprint.at("/bio-pages/<name>")
@blueprint.answers(200, BioPage, "The page.", headers=_ETAG)
def read_bio_page(name: str) -> Response:
    """Read a bio page."""
    wait_for_clicks()
    return _answer(core.get(context(), principal(), name))


@blueprint.at("/bio-pages/<name>", "PATCH")
@blueprint.body(
    BioPagePatchInput,
    content_type="application/merge-patch+json",
    example={"title": "Acme & Co", "is_published": True},
)
@blueprint.answers(200, BioPage, "The page as it is now.", headers=_ETAG)
@blueprint.takes("If-Match")
@blueprint.refuses(BioNameTaken)
def change_bio_page(read: Read, name: str) -> Response:
    """Change a bio page.

    `links` are all links of the page in their order: those that are not named go. A page with
    another name leaves its old one to whoever takes it.
    """
    wait_for_clicks()
    return _answer(if_match(lambda version: _change(name, read, version)))


def _change(name: str, read: Read, version: int | None) -> BioPageView:
    ctx, who = context(), principal()
    words: Read = {each: value or "" for each, value in read.items() if each in ("title", "text")}
    rest: Read = {each: read[each] for each in ("name", "is_published") if each in read}
    with write():
        view = core.change(ctx, who, name, BioPatch(**words, **rest), if_version=version)
        if "links" in read:
            view = core.place(ctx, who, view.name, _wanted(read["links"]))
    return view


@blueprint.at("/bio-pages/<name>", "DELETE")
@blueprint.answers(204, description="Gone.")
@blueprint.takes("If-Match")
def delete_bio_page(name: str) -> Response:
    """Delete a bio page.

    Its links stay; its name is free at once.
    """
    ctx, who = context(), principal()
    if_match(lambda version: core.delete(ctx, who, name, if_version=version))
    return Response(status=204)


@blueprint.at("/bio-pages/<name>/picture", "PUT")
@blueprint.about(
    requestBody={"required": True, "content": dict.fromkeys(_PICTURES, _BINARY)},
)
@blueprint.answers(200, BioPage, "The page as it is now.", headers=_ETAG)
@blueprint.takes("If-Match")
def set_bio_picture(name: str) -> Response:
    """Give a bio page a picture.

    The body is the file: PNG, JPEG or WebP, at most 256 KiB and 2,000 pixels wide and high. What
    it is its bytes say. Only the picture is kept, not where or by what it was taken.
    """
    data = _sent_picture()
    wait_for_clicks()
    ctx, who = context(), principal()
    return _answer(
        if_match(lambda version: core.set_picture(ctx, who, name, data, if_version=version))
    )


@blueprint.at("/bio-pages/<name>/picture", "DELETE")
@blueprint.answers(204, description="Gone.")
@blueprint.takes("If-Match")
def remove_bio_picture(name: str) -> Response:
    """Take a bio page's picture away.

    One that has none stays as it is.
    """
    ctx, who = context(), principal()
    if_match(lambda version: core.remove_picture(ctx, who, name, if_version=version))
    return Response(status=204)


def _sent_picture() -> bytes:
    """The body, as a file.

    :raises UnsupportedMediaType, BodyTooLarge: as they say.
    """
    if request.mimetype and request.mimetype not in _PICTURES:
        raise UnsupportedMediaType(
            f"the body must be the picture itself, not {request.mimetype[:100]!r}; "
            "send the header Content-Type: image/png, image/jpeg or image/webp"
        )
    request.max_content_length = core.MAX_BYTES + 1
    try:
        data = request.get_data()
    except RequestEntityTooLarge:
        raise BodyTooLarge(core.MAX_BYTES) from None
    if len(data) > core.MAX_BYTES:
        raise BodyTooLarge(core.MAX_BYTES)
    return data


def _wanted(links: Sequence[Read]) -> list[PlacedLink]:
    return [PlacedLink(each["link"], each.get("label")) for each in links]


def _answer(view: BioPageView, status: int = 200) -> Response:
    """A page with its links and their counts, and its version as a strong ETag."""
    chosen = core.chosen(context(), principal(), view.name)
    counts = with_counts([each.link for each in chosen])
    links = [
        {
            "link": each.link.uid,
            "slug": each.link.slug,
            "short_url": each.link.short_url,
            "label": each.label,
            "shown_label": each.shown_label,
            "state": each.state,
            "clicks": count.clicks,
        }
        for each, count in zip(chosen, counts, strict=True)
    ]
    response = render.answer(_page(view) | {"links": links}, status)
    response.set_etag(str(view.version))
    return response


def _page(view: BioPageView) -> dict[str, object]:
    return {
        "id": view.uid,
        "name": view.name,
        "url": view.url,
        "title": view.title or None,
        "text": view.text or None,
        "is_published": view.is_published,
        "picture": _picture(view),
        "link_count": view.link_count,
        "created_at": render.time(view.created_at),
        "updated_at": render.time(view.updated_at),
    }


def _picture(view: BioPageView) -> dict[str, object] | None:
    told = view.picture
    if told is None:
        return None
    origin = view.url.removesuffix(f"/@{view.name}")
    return {
        "type": told.type,
        "url": f"{origin}/_bio/{view.name}/{told.hash}",
        "width": told.width,
        "height": told.height,
    }
