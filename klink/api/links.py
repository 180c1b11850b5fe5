"""Links: create, list, read, change, trash, restore."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from marshmallow import ValidationError

from klink.api import render, translate
from klink.api.answers import BulkItem, Link, LinkList
from klink.api.etags import if_match
from klink.api.problems import of_error, problem
from klink.api.resource import Resource
from klink.api.schemas import (
    BulkQuery,
    DeleteQuery,
    LinkPatchInput,
    ListQuery,
    NewLinkInput,
    VariantInput,
)
from klink.core import links as core
from klink.core.errors import Gone, KlinkError, LinkLimitReached, SlugTaken, ValidationFailed
from klink.core.links import LinkQuery, LinkView, NewLink
from klink.core.links.destinations import MAX_VARIANTS
from klink.stats.link_records import header, records, row
from klink.web.body import MAX_BULK_BODY, MAX_BULK_VALUES, json_body
from klink.web.exports import CSV, csv_file
from klink.web.fields import refusal
from klink.web.hooks import wait_for_clicks
from klink.web.idempotency import idempotent
from klink.web.parts import context
from klink.web.principal import principal
from klink.web.resource import header as header_of
from klink.web.statuses import status_of

MAX_BULK = 1000

blueprint = Resource("links", "Short links.")

# Any: what a schema has read, by names and types that it knows.
Read = dict[str, Any]

_LINK = {"url": "https://example.com/spring", "title": "Spring", "tags": ["campaign"]}
_ETAG = {"ETag": header_of("The link's version, for `If-Match`.")}
_new_link = NewLinkInput()
_variants = VariantInput(many=True)


def living(link_id: str) -> LinkView:
    """The link of this id.

    :raises NotFound: unknown, or another workspace's.
    :raises Gone: in the trash.
    """
    view = core.get(context(), principal(), link_id)
    if view.deleted_at is not None:
        raise Gone
    return view


def _placed_once(view: Any) -> Any:  # Any: a decorator that keeps what it decorates
    return idempotent(view, decorate=render.placed_by("id"))


@blueprint.at("/links", "POST")
@blueprint.body(NewLinkInput, example=_LINK)
@blueprint.answers(200, Link, "An old link stands for this post or page: `existing` is true.")
@blueprint.answers(201, Link, "Created.", headers=_ETAG | {"Location": header_of("Its address.")})
@blueprint.takes("Idempotency-Key")
@blueprint.refuses(SlugTaken, LinkLimitReached)
def create_link(read: Read) -> Response:
    """Create a link.

    An `inpage` link for a post or page that has an active one already gives that one, with
    status 200 and `existing: true`.
    """
    answer: Response = _create(core.prepare(translate.new_link(read)))
    return answer


@_placed_once
def _create(wanted: NewLink) -> Response:
    return render.created_answer(core.create(context(), principal(), wanted))


@blueprint.at("/links/bulk", "POST")
@blueprint.query(BulkQuery)
@blueprint.answers(207, BulkItem(many=True), "One answer for each item, in order.")
@blueprint.takes("Idempotency-Key")
@blueprint.about(
    requestBody={
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "maxItems": MAX_BULK, "items": NewLinkInput},
                "example": [_LINK, {"url": "https://example.com/summer"}],
            }
        },
    },
)
def create_links(query: Read) -> Response:
    """Create many links.

    Each item has an answer of its own: `status` with `link` or `problem`. With
    `atomic=true` one failing item means that nothing is created; the items that would have
    been are answered 424 `not_created`. The status of the whole is 207 in every case.
    """
    body = json_body(MAX_BULK_BODY, max_values=MAX_BULK_VALUES)
    if not isinstance(body, list):
        raise ValidationFailed({"body": ["must be a list of links"]})
    if len(body) > MAX_BULK:
        raise ValidationFailed({"body": [f"at most {MAX_BULK} links in one request"]})
    wanted = core.prepare_many([_wanted(item) for item in body])
    return _create_many(wanted, query.get("atomic", False))


@idempotent
def _create_many(wanted: list[NewLink | KlinkError], atomic: bool) -> Response:
    outcomes = core.create_many(context(), principal(), wanted, atomic=atomic)
    undone = atomic and any(isinstance(outcome, KlinkError) for outcome in outcomes)
    items = []
    for outcome in outcomes:
        if isinstance(outcome, KlinkError):
            items.append({"status": status_of(outcome), "problem": of_error(outcome)})
        elif undone:
            items.append({"status": 424, "problem": _not_created()})
        else:
            status = 200 if outcome.existing else 201
            items.append({"status": status, "link": render.created(outcome)})
    return render.answer(items, 207)


def _wanted(item: object) -> NewLink | KlinkError:
    """The link that an item asks for, or the refusal it meets."""
    try:
        return translate.new_link(_new_link.load(item))
    except ValidationError as error:
        return refusal(error.messages)


def _not_created() -> dict[str, object]:
    return problem(424, "not_created", "another item failed, and the request was all or nothing")


@blueprint.at("/links")
@blueprint.query(ListQuery)
@blueprint.answers(200, LinkList, "One page; or all that fit, as CSV.")
@blueprint.answers(200, content_type=CSV, description="One page; or all that fit, as CSV.")
def list_links(query: Read) -> Response:
    """List and search links.

    Newest first; `sort` changes that. Follow `next_cursor` until it is null: a page costs
    the same wherever it is. So one for which many links had to be looked at, as filters hold
    for few of them, may hold fewer than `limit`, even none, and not be the last. With `Accept:
    text/csv` all that fit, newest first, in one file.
    """
    wait_for_clicks()
    asked = LinkQuery(**query)
    if request.accept_mimetypes.best_match(["application/json", CSV]) == CSV:
        found = records(core.pages(context(), principal(), asked))
        response = csv_file("links.csv", header(), map(row, found))
    else:
        page = core.search(context(), principal(), asked)
        items = render.links(page.items)
        response = render.answer({"items": items, "next_cursor": page.next_cursor})
    response.headers["Vary"] = "Accept"
    return response


@blueprint.at("/links/<link_id>")
@blueprint.answers(200, Link, "The link.", headers=_ETAG)
def read_link(link_id: str) -> Response:
    """Read a link.

    One in the trash answers 410; `GET /links?state=trashed` lists those.
    """
    wait_for_clicks()
    return render.link_answer(living(link_id))


@blueprint.at("/links/<link_id>", "PATCH")
@blueprint.body(
    LinkPatchInput,
    content_type="application/merge-patch+json",
    example={"title": "Late spring", "expires_at": None},
)
@blueprint.answers(200, Link, "The link as it is now.", headers=_ETAG)
@blueprint.takes("If-Match")
@blueprint.refuses(SlugTaken, LinkLimitReached)
def change_link(read: Read, link_id: str) -> Response:
    """Change a link.

    JSON Merge Patch, also as `application/json`: what is absent stays, null clears.
    """
    patch = translate.link_patch(read)
    # The answer shows counts; a limit starts from the clicks so far; a variant that goes
    # keeps those that it got.
    wait_for_clicks()
    ctx, who = context(), principal()
    view = if_match(lambda version: core.update(ctx, who, link_id, patch, if_version=version))
    return render.link_answer(view)


@blueprint.at("/links/<link_id>", "DELETE")
@blueprint.query(DeleteQuery)
@blueprint.answers(204, description="Gone.")
@blueprint.takes("If-Match")
def delete_link(query: Read, link_id: str) -> Response:
    """Delete a link.

    Into the trash for 30 days: its address answers 410, its slug stays taken, and `restore`
    brings it back. `purge=true` erases it for good, from the trash too, with its clicks.
    """
    delete = core.purge if query.get("purge") else core.trash
    ctx, who = context(), principal()
    if_match(lambda version: delete(ctx, who, link_id, if_version=version))
    return Response(status=204)


@blueprint.at("/links/<link_id>/restore", "POST")
@blueprint.answers(200, Link, "The link as it is now.", headers=_ETAG)
@blueprint.refuses(LinkLimitReached)
def restore_link(link_id: str) -> Response:
    """Take a link out of the trash.

    One that is not in the trash stays as it is.
    """
    wait_for_clicks()
    return render.link_answer(core.restore(context(), principal(), link_id))


@blueprint.at("/links/<link_id>/variants", "PUT")
@blueprint.answers(200, Link, "The link as it is now.", headers=_ETAG)
@blueprint.takes("If-Match")
@blueprint.about(
    requestBody={
        "required": True,
        "content": {
            "application/json": {
                "schema": {"type": "array", "maxItems": MAX_VARIANTS, "items": VariantInput},
                "example": [
                    {"label": "a", "url": "https://example.com/a", "weight": 60},
                    {"label": "b", "url": "https://example.com/b", "weight": 40},
                ],
            }
        },
    },
)
def replace_variants(link_id: str) -> Response:
    """Replace a link's variants.

    The body is the list of all variants. A label that stays keeps its clicks; rules and a
    default whose label is gone are dropped.
    """
    body = json_body()
    if isinstance(body, dict) and body.keys() == {"variants"}:
        body = body["variants"]
    if not isinstance(body, list):
        raise ValidationFailed({"body": ["must be a list of variants"]})
    if len(body) > MAX_VARIANTS:
        raise ValidationFailed({"routing.variants": [f"at most {MAX_VARIANTS} variants"]})
    try:
        wanted = translate.variants(_variants.load(body))
    except ValidationError as error:
        raise refusal({"routing": {"variants": error.messages}}) from None
    wait_for_clicks()  # a variant that goes keeps the clicks that it got
    ctx, who = context(), principal()
    view = if_match(
        lambda version: core.replace_variants(ctx, who, link_id, wanted, if_version=version)
    )
    return render.link_answer(view)
