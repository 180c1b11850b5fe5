"""Klinky's endpoints (K1 to K6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from flask import Response
from marshmallow import EXCLUDE, ValidationError

from klink.core import links
from klink.core.errors import Gone, LinkLimitReached, SlugTaken, ValidationFailed
from klink.core.links import LinkPatch, LinkQuery, LinkView, NewLink, NewVariant
from klink.dialects.base import answer
from klink.dialects.fields import given
from klink.dialects.klinky import render, routing
from klink.dialects.klinky.schemas import (
    GEO,
    MAX_VARIANTS,
    ChangesBody,
    ClickPage,
    ClicksQuery,
    Link,
    LinkPage,
    LinksQuery,
    NewLinkBody,
    VariantBody,
    VariantsBody,
)
from klink.stats.clicks import ClickQuery, numbered_clicks
from klink.web.body import json_body
from klink.web.fields import refusal
from klink.web.hooks import wait_for_clicks
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal
from klink.web.resource import Resource

__all__ = ["resource"]

Read = dict[str, Any]  # Any: what a schema has read, by names that it knows

_VARIANTS = [
    {"label": "a", "destination_url": "https://example.com/a", "weight": 60},
    {"label": "b", "destination_url": "https://example.com/b", "weight": 40},
]
_SECOND = timedelta(seconds=1)
_CORE_NAMES = {
    "name": "title",
    "is_active": "is_active",
    "auto_winner": "auto_winner",
    "auto_winner_threshold": "winner_threshold",
    "enable_conversion_tracking": "conversion_tracking",
    "conversion_redirect_url": "conversion_redirect_url",
}

resource = Resource("klinky", "Links and their clicks.", unknown=EXCLUDE)
_variants_body = VariantsBody()


@resource.at("/public/links", "POST")
@resource.body(NewLinkBody, example={"name": "Spring", "variants": _VARIANTS})
@resource.answers(201, Link, "Created.")
@resource.takes("Idempotency-Key")
@resource.refuses(SlugTaken, LinkLimitReached)
def create_link(read: Read) -> Response:
    """Create a link."""
    return _create(links.prepare(_wanted(read)))


@idempotent
def _create(wanted: NewLink) -> Response:
    return answer(render.fresh(links.create(context(), principal(), wanted).link), 201)


@resource.at("/public/links")
@resource.query(LinksQuery)
@resource.answers(200, LinkPage, "One page.")
def list_links(query: Read) -> Response:
    """List links, newest first."""
    wait_for_clicks()
    asked = LinkQuery(limit=query["per_page"])
    page = links.numbered(context(), principal(), asked, query["page"])
    return _page(render.links(page.items), page.total, query)


@resource.at("/public/links/<link_id>")
@resource.answers(200, Link, "The link.")
def read_link(link_id: str) -> Response:
    """Read a link."""
    wait_for_clicks()
    return _shown(_living(link_id))


@resource.at("/public/links/<link_id>", "PUT")
@resource.body(ChangesBody, example={"name": "Late spring"})
@resource.answers(200, Link, "The link as it is now.")
def change_link(read: Read, link_id: str) -> Response:
    """Change a link: only what is named."""
    return _changed(link_id, partial(_patch, read=read))


@resource.at("/public/links/<link_id>", "DELETE")
@resource.answers(204, description="Gone: the short URL answers 410.")
def delete_link(link_id: str) -> Response:
    """Delete a link."""
    links.trash(context(), principal(), link_id)
    return Response(status=204)


@resource.at("/public/links/<link_id>/variants", "PUT")
@resource.answers(200, Link, "The link as it is now.")
@resource.about(
    requestBody={
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "array",
                    "minItems": 1,
                    "maxItems": MAX_VARIANTS,
                    "items": VariantBody,
                },
                "example": _VARIANTS,
            }
        },
    },
)
def replace_variants(link_id: str) -> Response:
    """Replace all variants of a link.

    The body is the list. Clicks of a label that stays are kept; geo rules whose label is
    gone are dropped.
    """
    body = json_body()
    if not isinstance(body, list):
        raise ValidationFailed({"body": ["must be a list of variants"]})
    try:
        read = _variants_body.load({"variants": body})
    except ValidationError as error:
        raise refusal(error.messages) from None
    return _changed(link_id, partial(routing.with_variants, variants=_variants(read)))


@resource.at("/public/links/<link_id>/clicks")
@resource.query(ClicksQuery)
@resource.answers(200, ClickPage, "One page.")
def list_clicks(query: Read, link_id: str) -> Response:
    """List a link's clicks, newest first."""
    wait_for_clicks()
    link = _living(link_id)
    asked = ClickQuery(
        since=query.get("start_date"),
        until=_after(query.get("end_date")),
        clicks_only=True,
        limit=query["per_page"],
    )
    found = numbered_clicks(context(), principal(), link, asked, query["page"])
    return _page([render.click(link, seen) for seen in found.items], found.total, query)


def _living(link_id: str) -> LinkView:
    link = links.get(context(), principal(), link_id)
    if link.deleted_at is not None:
        raise Gone
    return link


def _changed(link_id: str, make: Callable[[LinkView], LinkPatch]) -> Response:
    wait_for_clicks()  # the answer shows counts, and a variant that goes keeps its own
    return _shown(links.update(context(), principal(), link_id, make))


def _shown(link: LinkView) -> Response:
    return answer(render.links([link])[0])


def _page(items: Sequence[object], total: int, query: Read) -> Response:
    shown = {"page": query["page"], "per_page": query["per_page"]}
    return answer({"items": items, "total": total, **shown})


def _wanted(read: Read) -> NewLink:
    named = {_CORE_NAMES[name]: value for name, value in given(read, *_CORE_NAMES).items()}
    named |= given(read, "slug")
    geo_rules = read.get("geo_rules")
    if read.get("routing_type") == GEO:
        named |= {"mode": "rules", **routing.geo_rules_read(geo_rules)}
    elif geo_rules:
        raise ValidationFailed({"geo_rules": [f"need the routing_type {GEO}"]})
    else:
        named["mode"] = "split"
    return NewLink(variants=_variants(read), **named)


def _patch(link: LinkView, read: Read) -> LinkPatch:
    named = {core: read[name] for name, core in _CORE_NAMES.items() if name in read}
    if "geo_rules" in read:
        named |= routing.changed(link, read["geo_rules"])
    return LinkPatch(**named)


def _variants(read: Read) -> tuple[NewVariant, ...]:
    return tuple(
        NewVariant(each["label"], each["destination_url"], each["weight"])
        for each in read["variants"]
    )


def _after(end: datetime | None) -> datetime | None:
    """The first time that ``end_date`` leaves out.

    Answers show whole seconds, so the one that it names is included whole.
    """
    if end is None:
        return None
    try:
        return end.replace(microsecond=0) + _SECOND
    except OverflowError:
        return end
