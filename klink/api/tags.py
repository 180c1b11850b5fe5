"""The tags of a workspace's links."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from flask import Response
from marshmallow import Schema

from klink.api import render
from klink.api.answer_fields import count, part, text
from klink.api.resource import Resource
from klink.core import links as core
from klink.core.errors import NotFound
from klink.core.links.fields import MAX_TAG
from klink.core.links.tags import MAX_LIMIT
from klink.web.fields import QueryWhole, Strict, Text
from klink.web.parts import context
from klink.web.principal import principal

# Any: what a schema has read, by names and types that it knows.
Read = dict[str, Any]

blueprint = Resource("tags", "What links are sorted by.")


class TagsQuery(Strict):
    """Which tags."""

    cursor = Text(metadata={"description": "`next_cursor` of the page before."})
    limit = QueryWhole(metadata={"minimum": 1, "maximum": MAX_LIMIT, "default": 50})


class TagQuery(Strict):
    """Which tag. It stands in the query, as it may hold any character."""

    tag = Text(required=True, metadata={"minLength": 1, "maxLength": MAX_TAG})


class TagInput(Strict):
    """What becomes of a tag."""

    name = Text(required=True, metadata={"minLength": 1, "maxLength": MAX_TAG})


class Tag(Schema):
    """A tag."""

    tag = text()
    links = count("That have it.")
    trashed = count("That have it and are in the trash; not among `links`.")


class TagList(Schema):
    """One page of tags."""

    items = part(Tag, many=True)
    next_cursor = text("Null on the last page.", null=True)


class Retagged(Schema):
    """What was done."""

    changed = count("Links that were changed, those in the trash among them.")


@blueprint.at("/tags")
@blueprint.query(TagsQuery)
@blueprint.answers(200, TagList, "One page, in the order of their texts.")
def list_tags(query: Read) -> Response:
    """List the tags that links have, with how many have each."""
    page = core.tags(principal(), **query)
    items = [asdict(each) for each in page.items]
    return render.answer({"items": items, "next_cursor": page.next_cursor})


@blueprint.at("/tags", "PATCH")
@blueprint.query(TagQuery)
@blueprint.body(TagInput, example={"name": "summer"})
@blueprint.answers(200, Retagged, "Done.")
@blueprint.refuses(NotFound)
def rename_tag(query: Read, read: Read) -> Response:
    """Give a tag another name.

    On all links that have it, those in the trash too. When there is a tag of that name, the two
    are one from then on. Each link is changed by itself, a few at a time: others see some of
    them changed before all are, and a request that was cut off can be sent again.
    """
    changed = core.rename_tag(context(), principal(), query["tag"], read["name"])
    return render.answer({"changed": changed})


@blueprint.at("/tags", "DELETE")
@blueprint.query(TagQuery)
@blueprint.answers(200, Retagged, "Done.")
@blueprint.refuses(NotFound)
def delete_tag(query: Read) -> Response:
    """Take a tag off all links that have it.

    Those in the trash too; the links stay. As with another name, a few links at a time.
    """
    return render.answer({"changed": core.delete_tag(context(), principal(), query["tag"])})
