"""What qklnk's requests and answers hold. The schemas of answers only describe them."""

from __future__ import annotations

from typing import Any

from marshmallow import Schema, ValidationError, fields

from klink.core import events
from klink.core.links import fields as rules
from klink.core.links.search import MAX_PAGE
from klink.core.money import MAX_REVENUE
from klink.dialects.fields import REQUIRED, Loose, Number, Page, Text
from klink.stats import ranges
from klink.web.fields import QueryWhole

PER_PAGE = 15
MAX_PER_PAGE = 100
DAYS = 7


class Needed(Text):
    """A text that has to come; null and '' are as good as none, as in Laravel."""

    def __init__(self, **more: Any) -> None:
        super().__init__(required=True, error_messages={"null": REQUIRED}, **more)

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> str:
        if value == "":
            raise ValidationError(REQUIRED)
        return super()._deserialize(value, *more, **named)


def _url() -> Needed:
    return Needed(metadata={"format": "uri", "minLength": 1})


def _utm() -> Text:
    return Text(allow_none=True, metadata={"maxLength": rules.MAX_UTM})


class LinkInput(Loose):
    """A link to change; a `utm_*` that is left out stays, null clears it."""

    destination = _url()
    utm_source = _utm()
    utm_medium = _utm()
    utm_campaign = _utm()
    utm_content = _utm()
    utm_term = _utm()


class NewLinkInput(LinkInput):
    """A link to make."""

    domain = Text(
        allow_none=True,
        metadata={"description": "A verified domain of the team; when absent its default."},
    )


class ListQuery(Loose):
    """Which page of the list."""

    page = Page(1, MAX_PAGE)
    per_page = Page(PER_PAGE, MAX_PER_PAGE, metadata={"description": f"At most {MAX_PER_PAGE}."})


class AnalyticsQuery(Loose):
    """Which time to tell of."""

    days = QueryWhole(
        load_default=DAYS,
        metadata={
            "description": "Whole UTC days up to now.",
            "minimum": 1,
            "maximum": ranges.MAX_DAYS,
            "default": DAYS,
        },
    )


class EventInput(Loose):
    """What a visitor did."""

    visitor_id = Needed(
        metadata={
            "description": "`klid` of the redirect.",
            "minLength": 1,
            "maxLength": events.MAX_TEXT,
        }
    )
    event_name = Needed(metadata={"minLength": 1, "maxLength": events.MAX_TEXT})
    revenue = Number(allow_none=True, metadata={"minimum": 0, "maximum": int(MAX_REVENUE)})
    name = Text(allow_none=True, metadata={"maxLength": events.MAX_TEXT})
    metadata = fields.Dict(
        allow_none=True,
        error_messages={"invalid": "must be an object"},
        metadata={"description": "At most 16 KiB as JSON."},
    )


def _text(*, null: bool = False, **more: Any) -> fields.String:
    return fields.String(required=True, allow_none=null, metadata=more)


def _whole(*, null: bool = False, **more: Any) -> fields.Integer:
    return fields.Integer(required=True, allow_none=null, metadata=more)


def _number(*, null: bool = False) -> fields.Float:
    return fields.Float(required=True, allow_none=null)


def _time() -> fields.String:
    return _text(format="date-time")


def _part(schema: type[Schema], *, many: bool = False) -> fields.Nested:
    return fields.Nested(schema, required=True, many=many)


class Link(Schema):
    """A link."""

    id = _whole()
    slug = _text()
    short_url = _text()
    destination = _text(description="With variants, the one that counts as default.")
    utm_source = _text(null=True)
    utm_medium = _text(null=True)
    utm_campaign = _text(null=True)
    utm_content = _text(null=True)
    utm_term = _text(null=True)
    domain = _text()
    clicks = _whole()
    unique_visitors = _whole()
    created_at = _time()
    updated_at = _time()


class LinkAnswer(Schema):
    """One link."""

    data = _part(Link)


class PageLinks(Schema):
    """The addresses of other pages."""

    first = _text()
    last = _text()
    prev = _text(null=True)
    next = _text(null=True)


class PageMeta(Schema):
    """Which page of what it is."""

    current_page = _whole()
    from_ = fields.Integer(
        required=True,
        allow_none=True,
        data_key="from",
        metadata={"description": "Number of the page's first link, from 1 on; null if empty."},
    )
    last_page = _whole()
    path = _text()
    per_page = _whole()
    to = _whole(null=True)
    total = _whole()


class LinkPage(Schema):
    """One page of links."""

    data = _part(Link, many=True)
    links = _part(PageLinks)
    meta = _part(PageMeta)


class Team(Schema):
    """Who owns links."""

    id = _whole()
    name = _text()


class User(Schema):
    """Whose token it is."""

    id = _whole()
    name = _text()
    email = _text()
    team = _part(Team)
    created_at = _time()


class UserAnswer(Schema):
    """The user."""

    data = _part(User)


class TopLink(Schema):
    """A link that was clicked much."""

    id = _whole()
    slug = _text()
    destination = _text()
    clicks = _whole()


class Analytics(Schema):
    """What happened in the team."""

    total_clicks = _whole()
    unique_visitors = _whole()
    conversions = _whole()
    revenue = _number()
    top_links = _part(TopLink, many=True)


class AnalyticsAnswer(Schema):
    """The analytics."""

    data = _part(Analytics)


class Event(Schema):
    """An event that was recorded."""

    id = _whole()
    visitor_id = _text()
    event_name = _text()
    revenue = _number(null=True)
    occurred_at = _time()
    is_conversion = fields.Boolean(required=True)


class EventAnswer(Schema):
    """The event."""

    data = _part(Event)


class Failure(Schema):
    """What went wrong."""

    message = _text()
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "When the input is at fault: messages by field."},
    )
