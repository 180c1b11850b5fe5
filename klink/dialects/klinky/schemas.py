"""What Klinky's requests and answers hold (K1 to K6). The rules for values are the core's."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from marshmallow import Schema, fields, validate

from klink.core.links import fields as rules
from klink.core.links.destinations import MAX_LABEL, WHOLE
from klink.core.links.search import MAX_PAGE
from klink.dialects.fields import Flag, Loose, Moment, Page, Text, Whole
from klink.web.fields import Few

MIN_SLUG, MAX_SLUG = 3, 32
MAX_NAME = 100
MAX_VARIANTS = 5
MAX_PER_PAGE = 100
AB_TEST, GEO = "ab_test", "geo"

_LOST_PLUS = re.compile(r" (?=[0-9]{2}:?[0-9]{2}$)")


def _says(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


def _name(**more: Any) -> Text:
    length = validate.Length(1, MAX_NAME, error=f"must have 1 to {MAX_NAME} characters")
    return Text(validate=length, **more)


def _geo_rules() -> fields.Dict:
    return fields.Dict(
        keys=Text(),
        values=Text(),
        allow_none=True,
        error_messages={"invalid": "must be an object of country codes and labels"},
        metadata=_says("ISO 3166 codes of two letters, or `default`, to labels of variants."),
    )


def _slug_fits(slug: str) -> None:
    if slug:
        _slug_length(slug)


_slug_length = validate.Length(
    MIN_SLUG, MAX_SLUG, error=f"must have {MIN_SLUG} to {MAX_SLUG} characters"
)


class VariantBody(Loose):
    """One of a link's destinations."""

    label = Text(required=True, metadata={"minLength": 1, "maxLength": MAX_LABEL})
    destination_url = Text(required=True, metadata={"format": "uri"})
    weight = Whole(
        required=True,
        metadata=_says("All of them sum to 100.", minimum=0, maximum=WHOLE),
    )


class VariantsBody(Loose):
    """All of a link's destinations. ``PUT …/variants`` sends the list alone."""

    variants = Few(
        fields.Nested(VariantBody),
        MAX_VARIANTS,
        required=True,
        validate=validate.Length(1, MAX_VARIANTS, error=f"must be 1 to {MAX_VARIANTS} variants"),
        error_messages={
            "required": "is required",
            "null": "may not be null",
            "invalid": "must be a list of variants",
            "many": f"must be 1 to {MAX_VARIANTS} variants",
        },
    )


class NewLinkBody(VariantsBody):
    """A link to make."""

    name = _name(required=True)
    slug = Text(
        allow_none=True,
        validate=_slug_fits,
        metadata=_says(
            f"{MIN_SLUG} to {MAX_SLUG} characters; random if empty.", maxLength=MAX_SLUG
        ),
    )
    routing_type = Text(
        allow_none=True,
        validate=validate.OneOf((AB_TEST, GEO), error=f"must be {AB_TEST} or {GEO}"),
        metadata={"default": AB_TEST},
    )
    geo_rules = _geo_rules()
    auto_winner = Flag(allow_none=True, metadata={"default": False})
    auto_winner_threshold = Whole(
        allow_none=True,
        metadata=_says(
            "Clicks before a winner may be named.",
            minimum=rules.MIN_THRESHOLD,
            maximum=rules.MAX_NUMBER,
            default=100,
        ),
    )
    enable_conversion_tracking = Flag(allow_none=True, metadata={"default": False})
    conversion_redirect_url = Text(
        allow_none=True, metadata=_says("Where a visitor goes after a conversion.", format="uri")
    )

    class Meta(Loose.Meta):
        """marshmallow's own settings."""

        # The first one that is missing is the one that is told of (K12).
        fields = (
            "name", "slug", "variants", "routing_type", "geo_rules", "auto_winner",
            "auto_winner_threshold", "enable_conversion_tracking", "conversion_redirect_url",
        )  # fmt: skip


class ChangesBody(Loose):
    """Changes to a link; what is absent stays."""

    name = _name()
    is_active = Flag()
    geo_rules = _geo_rules()
    auto_winner = Flag()
    auto_winner_threshold = Whole(
        metadata={"minimum": rules.MIN_THRESHOLD, "maximum": rules.MAX_NUMBER}
    )
    enable_conversion_tracking = Flag()
    conversion_redirect_url = Text(allow_none=True, metadata=_says("Null: none.", format="uri"))


class QueryMoment(Moment):
    """A time in a query string, where a bare ``+`` of an offset became a space."""

    def _deserialize(self, value: Any, *more: Any, **named: Any) -> datetime:
        sent = _LOST_PLUS.sub("+", value) if isinstance(value, str) else value
        return super()._deserialize(sent, *more, **named)


class LinksQuery(Loose):
    """Which page of a list."""

    page = Page(1, MAX_PAGE)
    per_page = Page(20, MAX_PER_PAGE, metadata=_says(f"At most {MAX_PER_PAGE}."))


class ClicksQuery(LinksQuery):
    """Which clicks."""

    start_date = QueryMoment("start", metadata=_says("A date or a date-time."))
    end_date = QueryMoment("end", metadata=_says("A date or a date-time, itself included."))


def _text(*, null: bool = False, **about: Any) -> fields.String:
    return fields.String(required=True, allow_none=null, metadata=about)


def _count() -> fields.Integer:
    return fields.Integer(required=True, metadata={"minimum": 0})


class Variant(Schema):
    """A destination with its counts of all time."""

    id = _text(format="uuid")
    label = _text()
    destination_url = _text()
    weight = _count()
    clicks = _count()
    conversions = _count()


class Link(Schema):
    """A link with its counts of all time."""

    id = _text(format="uuid")
    name = _text()
    slug = _text()
    short_url = _text(format="uri")
    routing_type = _text(enum=[AB_TEST, GEO])
    geo_rules = fields.Dict(
        keys=fields.String(),
        values=fields.String(),
        required=True,
        allow_none=True,
        metadata=_says(f"Null where `routing_type` is `{AB_TEST}`."),
    )
    variants = fields.Nested(Variant, many=True, required=True)
    auto_winner = fields.Boolean(required=True)
    auto_winner_threshold = _count()
    winner = _text(null=True, description="A variant's label.")
    enable_conversion_tracking = fields.Boolean(required=True)
    conversion_redirect_url = _text(null=True)
    is_active = fields.Boolean(required=True)
    total_clicks = _count()
    total_conversions = _count()
    created_at = _text(format="date-time")
    updated_at = _text(format="date-time")


class LinkPage(Schema):
    """One page of links, newest first."""

    items = fields.Nested(Link, many=True, required=True)
    total = _count()
    page = _count()
    per_page = _count()


class Click(Schema):
    """One click of a person; null where something is unknown."""

    id = _count()
    timestamp = _text(format="date-time")
    variant = _text(null=True, format="uuid")
    variant_label = _text(null=True)
    country = _text(null=True)
    device = _text(null=True)
    browser = _text(null=True)
    referrer = _text(null=True)
    ip = _text(null=True, description="The address of the visitor's network.")


class ClickPage(Schema):
    """One page of clicks, newest first."""

    items = fields.Nested(Click, many=True, required=True)
    total = _count()
    page = _count()
    per_page = _count()


class Failure(Schema):
    """What went wrong."""

    detail = _text()
