"""What answers about clicks and their statistics hold, as schemas."""

from __future__ import annotations

from marshmallow import Schema, fields

from klink.api.answer_fields import count as _count
from klink.api.answer_fields import flag as _flag
from klink.api.answer_fields import moment as _time
from klink.api.answer_fields import part as _part
from klink.api.answer_fields import text as _text
from klink.clicks.enrich import KINDS


class Covered(Schema):
    """The time that the answer really covers; ends are exclusive."""

    since = _time("Of totals and series: whole quarter hours.", null=False)
    until = _time(null=False)
    days_since = _time("Of top values and unique visitors: whole UTC days.", null=False)
    days_until = _time(null=False)
    bucket = _text()
    timezone = _text()


class Totals(Schema):
    """What happened in the range."""

    clicks = _count("People who were forwarded.")
    views = _count("Visits to the short URL, by anyone.")
    people_views = _count("Those by people.")
    unique_visitors = _count("Distinct visitors among clicks, summed over UTC days.")
    bots = _count()
    previews = _count()
    prefetches = _count()
    conversions = _count("Events that count and are attributed to the link.")
    revenue = _text("Decimal, in the workspace's currency, of all events attributed to it.")


class Point(Schema):
    """One bucket of a series."""

    start = _time(null=False)
    clicks = _count()
    views = _count()
    bots = _count()
    previews = _count()
    prefetches = _count()


class TopValue(Schema):
    """One value and its counts."""

    value = _text("Null: unknown.", null=True)
    clicks = _count("Of people who were forwarded.")
    rest = _count("Views by bots, previews and prefetches.")
    unique_visitors = fields.Integer(metadata={"description": "Variants only."})


class Top(Schema):
    """The most frequent values, and what all others have together."""

    values = _part(TopValue, many=True)
    other_clicks = _count()
    other_rest = _count()


class Tops(Schema):
    """Top values by what visits came with."""

    country = _part(Top)
    device = _part(Top)
    browser = _part(Top)
    os = _part(Top)
    language = _part(Top)
    referrer = _part(Top)
    variant = _part(Top)
    utm_source = _part(Top)
    utm_medium = _part(Top)
    utm_campaign = _part(Top)
    utm_content = _part(Top)
    utm_term = _part(Top)


class Stats(Schema):
    """The statistics of a link."""

    range = _part(Covered)
    totals = _part(Totals)
    series = _part(Point, many=True)
    top = _part(Tops)
    rest_by_reason = _part(Top)


class TopLink(Schema):
    """A link that was clicked."""

    id = _text(format="uuid")
    number = _count()
    slug = _text()
    url = _text()
    clicks = _count()


class Analytics(Schema):
    """The analytics of a workspace."""

    range = _part(Covered)
    total_clicks = _count()
    views = _count()
    unique_visitors = _count("Summed over UTC days.")
    conversions = _count()
    revenue = _text("Decimal, in the workspace's currency.")
    revenue_by_currency = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        metadata={"description": "Decimals, by the currency's code."},
    )
    top_links = _part(TopLink, many=True)
    series = _part(Point, many=True)


class Click(Schema):
    """One visit."""

    at = _time(null=False)
    kind = _text(enum=list(KINDS))
    reason = _text("Why it is no person's.", null=True)
    is_click = _flag()
    is_view = _flag()
    variant = _text(null=True)
    country = _text(null=True)
    device = _text(null=True)
    browser = _text(null=True)
    os = _text(null=True)
    language = _text(null=True)
    referrer = _text(null=True)
    net = _text("The truncated address.", null=True)
    visitor = _text(null=True)
    utm = fields.Dict(keys=fields.String(), values=fields.String(), required=True)


class ClickList(Schema):
    """One page of visits, newest first."""

    items = _part(Click, many=True)
    next_cursor = _text("Null on the last page.", null=True)
