"""The shapes of Klook Up's requests and answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import Schema, ValidationError, fields, validates_schema

from klink.core.links import fields as rules
from klink.core.links.search import MAX_PAGE
from klink.dialects.fields import Flag, Loose, Moment, Page, Text
from klink.dialects.options import options

__all__ = [
    "ChangedAnswer",
    "CreatedAnswer",
    "DeletedAnswer",
    "Failure",
    "LinkAnswer",
    "LinkChanges",
    "LinksAnswer",
    "LinksQuery",
    "NewLinkBody",
]

MAX_LIMIT = 100
DEFAULT_LIMIT = 20

_TITLE = {"maxLength": rules.MAX_TITLE}
_DESCRIPTION = {"maxLength": rules.MAX_DESCRIPTION}
_TYPE = {"enum": list(rules.TYPES)}
_URL = {"format": "uri"}


class NewLinkBody(Loose):
    """A link to make."""

    url = Text(required=True, metadata=_URL)
    type = Text(allow_none=True, metadata={"enum": [*rules.TYPES, None], "default": "direct"})
    post_id = Text(
        allow_none=True,
        metadata={
            "maxLength": rules.MAX_POST_ID,
            "description": "The post or page that an `inpage` link is for; required for one.",
        },
    )
    title = Text(allow_none=True, metadata=_TITLE)
    description = Text(allow_none=True, metadata=_DESCRIPTION)
    expires_at = Moment("end", allow_none=True, metadata={"description": "It may be past."})
    site_url = Text(
        allow_none=True,
        metadata=_URL | {"description": "Where an `inpage` link stands; for those only."},
    )

    @validates_schema(skip_on_field_errors=False)
    def _check_post(self, read: Any, **_: Any) -> None:  # Any: what marshmallow has read
        """An ``inpage`` link says which post it is for, unless the operator allows none (U1)."""
        if not isinstance(read, Mapping) or read.get("type") != "inpage" or read.get("post_id"):
            return
        if options().require_post_id:
            raise ValidationError("is required when type is inpage", "post_id")


class LinkChanges(Loose):
    """What to change of a link; null clears."""

    url = Text(metadata=_URL)
    type = Text(metadata=_TYPE)
    title = Text(allow_none=True, metadata=_TITLE)
    description = Text(allow_none=True, metadata=_DESCRIPTION)
    is_active = Flag()
    expires_at = Moment("end", allow_none=True, metadata={"description": "It may be past."})


class LinksQuery(Loose):
    """Which page of the list."""

    page = Page(1, MAX_PAGE)
    limit = Page(
        DEFAULT_LIMIT, MAX_LIMIT, metadata={"description": f"A larger one is cut to {MAX_LIMIT}."}
    )


def _time(*, null: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=null, metadata={"format": "date-time"})


def _text(*, null: bool = False) -> fields.String:
    return fields.String(required=True, allow_none=null)


def _number() -> fields.Integer:
    return fields.Integer(required=True, metadata={"minimum": 0})


def _flag() -> fields.Integer:
    return fields.Integer(required=True, metadata={"enum": [0, 1]})


class CreatedLink(Schema):
    """A link that was made, or that was there already."""

    id = fields.Integer(required=True)
    short_code = _text()
    short_url = _text()
    target_url = _text()
    type = fields.String(required=True, metadata=_TYPE)
    title = _text(null=True)
    description = _text(null=True)
    expires_at = _time(null=True)
    post_id = _text(null=True)
    site_url = _text(null=True)
    site_verified_at = _time(null=True)
    created_at = _time()
    existing = fields.Boolean(
        metadata={"enum": [True], "description": "Only where a link was there already."}
    )


class ListedLink(Schema):
    """A link in the list."""

    id = fields.Integer(required=True)
    short_code = _text()
    target_url = _text()
    link_type = fields.String(required=True, metadata=_TYPE)
    title = _text(null=True)
    clicks = _number()
    views = _number()
    is_active = _flag()
    expires_at = _time(null=True)
    created_at = _time()


class WholeLink(ListedLink):
    """All of a link."""

    short_url = _text()
    description = _text(null=True)
    post_id = _text(null=True)
    site_url = _text(null=True)
    site_verified_at = _time(null=True)
    scheduled_deletion_at = _time(null=True)
    updated_at = _time()


class ChangedLink(Schema):
    """A link after a change."""

    id = fields.Integer(required=True)
    short_code = _text()
    title = _text(null=True)
    is_active = _flag()
    expires_at = _time(null=True)
    updated_at = _time()


class Pagination(Schema):
    """Where a page stands in the list."""

    page = _number()
    limit = _number()
    total_count = _number()
    total_pages = _number()
    has_more = fields.Boolean(required=True)


class DayCount(Schema):
    """The clicks of a UTC day."""

    date = fields.String(required=True, metadata={"format": "date"})
    count = _number()


def _counts(about: str) -> fields.Dict:
    return fields.Dict(
        keys=fields.String(),
        values=fields.Integer(),
        required=True,
        metadata={"description": about},
    )


class Stats(Schema):
    """What a link has had since it was made."""

    total_clicks = _number()
    clicks_by_country = _counts("By ISO 3166 code; `XX` is unknown.")
    clicks_by_device = _counts("`mobile`, `desktop` and `tablet`; `other` if there are any.")
    clicks_by_browser = _counts("By name; `Other` are rare and unknown ones.")
    recent_clicks = fields.List(
        fields.Nested(DayCount),
        required=True,
        metadata={"description": "The last 30 days that have clicks, newest first."},
    )


class LinkPage(Schema):
    """One page of the list."""

    links = fields.List(fields.Nested(ListedLink), required=True)
    pagination = fields.Nested(Pagination, required=True)


class LinkWithStats(Schema):
    """A link and its statistics."""

    link = fields.Nested(WholeLink, required=True)
    stats = fields.Nested(Stats, required=True)


class Message(Schema):
    """A word for people."""

    message = _text()


class _Success(Schema):
    success = fields.Boolean(required=True, metadata={"enum": [True]})


class CreatedAnswer(_Success):
    """What a creation gives."""

    data = fields.Nested(CreatedLink, required=True)


class LinksAnswer(_Success):
    """What the list gives."""

    data = fields.Nested(LinkPage, required=True)


class LinkAnswer(_Success):
    """What reading a link gives."""

    data = fields.Nested(LinkWithStats, required=True)


class ChangedAnswer(_Success):
    """What a change gives."""

    data = fields.Nested(ChangedLink, required=True)


class DeletedAnswer(_Success):
    """What a deletion gives."""

    data = fields.Nested(Message, required=True)


class Failure(Schema):
    """What went wrong."""

    success = fields.Boolean(required=True, metadata={"enum": [False]})
    error = fields.String(required=True, metadata={"description": "For a person."})
    details = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        metadata={"description": "What is wrong with each field, where fields are wrong."},
    )
