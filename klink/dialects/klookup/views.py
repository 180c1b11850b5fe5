"""Klook Up's endpoints."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import EXCLUDE

from klink.core import anonymous, links
from klink.core.errors import LinkLimitReached, NotFound, NotYours
from klink.core.links import Created, LinkPatch, LinkQuery, NewLink
from klink.core.principal import Principal
from klink.db.connection import write
from klink.dialects.fields import given
from klink.dialects.klookup import render
from klink.dialects.klookup.schemas import (
    ChangedAnswer,
    CreatedAnswer,
    DeletedAnswer,
    LinkAnswer,
    LinkChanges,
    LinksAnswer,
    LinksQuery,
    NewLinkBody,
)
from klink.dialects.klookup.words import NotYourLink
from klink.dialects.options import options
from klink.stats.lifetime import lifetime
from klink.web.client import client
from klink.web.hooks import wait_for_clicks
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal
from klink.web.resource import Resource

__all__ = ["resource", "without_key"]

# Any: what a schema has read, by names and types that it knows.
Read = dict[str, Any]

_MAX_DIGITS = 18
_NUMBER: dict[str, Any] = {
    "parameters": [
        {
            "in": "path",
            "name": "number",
            "required": True,
            "description": "The link's `id`.",
            "schema": {"type": "integer", "minimum": 1},
        }
    ]
}

resource = Resource("klookup", "Short links.", unknown=EXCLUDE, invalid_status=400)


def without_key() -> Principal | None:
    """Who makes a link without a key, where the operator allows it (U12)."""
    creates = request.endpoint == f"{resource.name}.{create.__name__}" and request.method == "POST"
    return anonymous.principal(context()) if creates and options().anonymous else None


@resource.at("/links", "POST")
@resource.body(NewLinkBody, example={"url": "https://example.com/spring", "title": "Spring"})
@resource.answers(200, CreatedAnswer, "This post or page has an active link already: that one.")
@resource.answers(201, CreatedAnswer, "Created.")
@resource.takes("Idempotency-Key")
@resource.refuses(LinkLimitReached)
@resource.about(security=[{"bearer": []}, {}])
def create(read: Read) -> Response:
    """Create a link.

    Without a key only where the server allows it, `direct` only, and a few in 24 hours.
    """
    named = given(read, "url", "type", "title", "description", "expires_at", "site_url")
    return _create(links.prepare(NewLink(**named, post_id=read.get("post_id") or None)))


@idempotent
def _create(wanted: NewLink) -> Response:
    made = _made(wanted)
    return render.success(render.created(made), 200 if made.existing else 201)


def _made(wanted: NewLink) -> Created:
    ctx, who = context(), principal()
    if who.key_id is not None:
        return links.create(ctx, who, wanted, allow_past_expiry=True)
    anonymous.check(wanted)
    with write():
        anonymous.take(ctx, client().address)
        return links.create(ctx, who, anonymous.limited(ctx, wanted), allow_past_expiry=True)


@resource.at("/links")
@resource.query(LinksQuery)
@resource.answers(200, LinksAnswer, "One page, newest first.")
def list_links(query: Read) -> Response:
    """List the links of the account."""
    wait_for_clicks()
    asked = LinkQuery(limit=query["limit"])
    found = links.numbered(context(), principal(), asked, query["page"])
    return render.success(render.page(found, asked.limit))


@resource.at("/links/<number>")
@resource.answers(200, LinkAnswer, "The link and its statistics.")
@resource.about(**_NUMBER)
def read_link(number: str) -> Response:
    """Read a link, with what it has had since it was made."""
    wait_for_clicks()
    ctx, who = context(), principal()
    view = links.get(ctx, who, _uid(number, "read"))
    return render.success(render.whole(view, lifetime(ctx, who, view)))


@resource.at("/links/<number>", "PUT")
@resource.body(LinkChanges, example={"title": "Late spring", "is_active": 1})
@resource.answers(200, ChangedAnswer, "The link as it is now.")
@resource.about(**_NUMBER)
def change_link(read: Read, number: str) -> Response:
    """Change a link: what is absent stays, null clears."""
    if read.get("type") == "direct":
        read["site_url"] = None  # which is an `inpage` link's, and cannot be changed here
    uid = _uid(number, "update")
    view = links.update(context(), principal(), uid, LinkPatch(**read), allow_past_expiry=True)
    return render.success(render.changed(view))


@resource.at("/links/<number>", "DELETE")
@resource.answers(200, DeletedAnswer, "Gone for good.")
@resource.about(**_NUMBER)
def delete_link(number: str) -> Response:
    """Delete a link and all its clicks, for good."""
    links.purge(context(), principal(), _uid(number, "delete"))
    return render.success({"message": "Link deleted successfully"})


def _uid(number: str, scope: str) -> str:
    """The UUID of the link with this id; the one place that tells whose it is not (U8).

    :param scope: what the key is about to do with it.
    :raises NotFound: unknown, or another workspace's and to be read.
    :raises NotYourLink: another workspace's and to be changed.
    """
    is_number = number.isascii() and number.isdecimal() and len(number) <= _MAX_DIGITS
    try:
        return links.uid_by_number(principal(), int(number) if is_number else 0, scope=scope)
    except NotYours:
        raise (NotFound if scope == "read" else NotYourLink)() from None
