"""What requests may hold, as schemas: they read input and describe it in OpenAPI.

The rules for values are the core's; a schema only knows names, types and where null may
stand.
"""

from __future__ import annotations

from typing import Any

from marshmallow import fields

from klink.clicks.imagined import MAX_QUERY
from klink.core import events, paging, reports
from klink.core.blocking import entries
from klink.core.blocking.rules import MAX_VALUE
from klink.core.links import destinations
from klink.core.links import fields as rules
from klink.core.links.prepare import MAX_PASSWORD
from klink.core.links.quarantine import MAX_REASON
from klink.core.links.search import MAX_LIMIT, MAX_Q, MAX_WORDS, SORTS, STATES
from klink.core.slugs import MAX_LENGTH as MAX_SLUG
from klink.stats import breakdown, ranges
from klink.web.fields import (
    Amount,
    Few,
    Flag,
    Moment,
    QueryFlag,
    QueryMoment,
    QueryWhole,
    Strict,
    Text,
    Whole,
)

_READ_ONLY = "is read-only"
_SLUG = "^[A-Za-z0-9](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$"
_SHOWN = dict.fromkeys(
    (
        "id", "number", "short_url", "site_verified_at", "scheduled_deletion_at",
        "password_protected", "quarantined_at", "quarantined_by", "quarantine_reason", "clicks",
        "views", "unique_visitors", "conversions", "revenue",
        "created_at", "updated_at", "existing", "check",
    ),
    _READ_ONLY,
)  # fmt: skip


def _says(description: str, **more: Any) -> dict[str, Any]:
    return {"description": description, **more}


def _most(characters: int) -> dict[str, Any]:
    return {"maxLength": characters}


_LONGEST = {"minLength": 1, "maxLength": events.MAX_TEXT}


class VariantInput(Strict):
    """One of several destinations."""

    read_only = dict.fromkeys(("id", "clicks", "conversions", "check"), _READ_ONLY)

    label = Text(required=True, metadata={"minLength": 1, **_most(destinations.MAX_LABEL)})
    url = Text(required=True, metadata={"format": "uri"})
    weight = Whole(
        required=True,
        metadata=_says("Share of 100; all weights sum to 100.", minimum=0, maximum=100),
    )


class RuleInput(Strict):
    """The first rule whose ``when`` holds chooses."""

    when = fields.Dict(
        required=True,
        metadata=_says(
            "All that are given must hold: `country`, `device`, `os`, `browser`, `language` "
            "(lists), `query` (name to value), `after`, `before` (times), `weekday`, `hours` "
            "([from, to]), `timezone`."
        ),
    )
    use = Text(required=True, metadata=_says("A variant's label, or `split`."))


class RoutingInput(Strict):
    """Where visitors go, when there is more than one place."""

    mode = Text(allow_none=True, metadata={"enum": [*destinations.MODES, None]})
    variants = Few(fields.Nested(VariantInput), destinations.MAX_VARIANTS, allow_none=True)
    rules = Few(fields.Nested(RuleInput), destinations.MAX_RULES, allow_none=True)
    default = Text(
        allow_none=True,
        metadata=_says(
            "Label used when no rule holds, or `split` for the weights. Without it the weights "
            "decide when `mode` is left out, and the first variant when it is `rules`."
        ),
    )


class ExperimentInput(Strict):
    """Whether and when a winner may be named."""

    read_only = dict.fromkeys(("winner", "decided_at"), _READ_ONLY)

    auto_winner = Flag()
    threshold = Whole(metadata={"minimum": rules.MIN_THRESHOLD, "maximum": rules.MAX_NUMBER})


class UtmInput(Strict):
    """Campaign parameters that are added to the destination."""

    source = Text(allow_none=True, metadata=_most(rules.MAX_UTM))
    medium = Text(allow_none=True, metadata=_most(rules.MAX_UTM))
    campaign = Text(allow_none=True, metadata=_most(rules.MAX_UTM))
    content = Text(allow_none=True, metadata=_most(rules.MAX_UTM))
    term = Text(allow_none=True, metadata=_most(rules.MAX_UTM))


class LinkFields(Strict):
    """What can be said of a link when it is made, and changed later."""

    title = Text(allow_none=True, metadata=_most(rules.MAX_TITLE))
    description = Text(allow_none=True, metadata=_most(rules.MAX_DESCRIPTION))
    tags = Few(
        Text(metadata={"minLength": 1, **_most(rules.MAX_TAG)}), rules.MAX_TAGS, allow_none=True
    )
    type = Text(metadata={"enum": list(rules.TYPES)})
    post_id = Text(allow_none=True, metadata=_most(rules.MAX_POST_ID))
    site_url = Text(allow_none=True, metadata={"format": "uri"})
    routing = fields.Nested(RoutingInput)
    experiment = fields.Nested(ExperimentInput)
    utm = fields.Nested(UtmInput, allow_none=True)
    forward_query = Flag(metadata=_says("Hand the visitor's query parameters on."))
    redirect_status = Whole(metadata={"enum": list(rules.REDIRECT_STATUSES)})
    conversion_tracking = Flag()
    conversion_redirect_url = Text(
        allow_none=True,
        metadata=_says("Where a visitor goes after a conversion for the link.", format="uri"),
    )
    starts_at = Moment(allow_none=True)
    expires_at = Moment(allow_none=True, metadata=_says("Must lie in the future."))
    max_clicks = Whole(allow_none=True, metadata={"minimum": 1, "maximum": rules.MAX_NUMBER})
    expired_url = Text(allow_none=True, metadata={"format": "uri"})
    failover_url = Text(
        allow_none=True,
        metadata=_says("Where visitors go while the destination is down.", format="uri"),
    )
    password = Text(
        allow_none=True,
        metadata=_says("Never shown again.", writeOnly=True, maxLength=MAX_PASSWORD),
    )
    is_active = Flag()


class NewLinkInput(LinkFields):
    """A link to make: `url`, or `routing.variants`, says where it leads."""

    read_only = _SHOWN

    url = Text(allow_none=True, metadata={"format": "uri"})
    slug = Text(allow_none=True, metadata=_says("Chosen by klink when absent.", maxLength=MAX_SLUG))
    domain = Text(
        allow_none=True, metadata=_says("A verified domain; the workspace's default when absent.")
    )


class LinkPatchInput(LinkFields):
    """Changes to a link (JSON Merge Patch, RFC 7396): what is absent stays, null clears."""

    read_only = _SHOWN | {"domain": "cannot be changed; make another link"}

    url = Text(metadata={"format": "uri"})
    slug = Text(metadata={"minLength": 1, "pattern": _SLUG, **_most(MAX_SLUG)})


class ListQuery(Strict):
    """Which links to list."""

    q = Text(
        metadata=_says(
            f"At most {MAX_WORDS} words; each must occur in slug, title or URL, in upper or lower "
            "case. A word of one or two characters finds the slugs that begin with it.",
            maxLength=MAX_Q,
        )
    )
    tag = Text()
    domain = Text()
    state = Text(metadata=_says("All but trashed when absent.", enum=list(STATES)))
    problem = QueryFlag(
        metadata=_says("`true`: only links with a destination whose last check met a problem.")
    )
    sort = Text(
        metadata=_says(
            "With `-`: downwards. `clicks`: of all time; of links with as many, the older come "
            "first downwards, else the newer.",
            enum=list(SORTS),
            default="-created",
        )
    )
    cursor = Text(metadata=_says("`next_cursor` of the page before."))
    limit = QueryWhole(metadata={"minimum": 1, "maximum": MAX_LIMIT, "default": 50})


class ExperimentQuery(Strict):
    """Which run of an experiment."""

    run = QueryWhole(metadata=_says("The one that goes on when absent.", minimum=1))


class WinnerInput(Strict):
    """The winner of an experiment."""

    label = Text(required=True, metadata=_says("Of the variant that gets all traffic."))


class BulkQuery(Strict):
    """How to make many links."""

    atomic = QueryFlag(metadata=_says("All or nothing.", default=False))


class DeleteQuery(Strict):
    """How to delete a link."""

    purge = QueryFlag(metadata=_says("Erase it for good, with its clicks.", default=False))


class RangeQuery(Strict):
    """Which time to tell of."""

    since = QueryMoment(metadata=_says("Rounded outward to quarter hours."))
    until = QueryMoment(metadata=_says("Exclusive; now when absent."))
    bucket = Text(metadata={"enum": list(ranges.BUCKETS), "default": "day"})
    timezone = Text(metadata=_says("IANA name, whose days and months those are.", default="UTC"))


class StatsQuery(RangeQuery):
    """Which time to tell of, and how much."""

    limit = QueryWhole(
        metadata=_says(
            "Top values of each kind.",
            minimum=1,
            maximum=breakdown.MAX_LIMIT,
            default=breakdown.DEFAULT_LIMIT,
        )
    )


class AnalyticsQuery(RangeQuery):
    """Which time to tell of: `days`, or `since` and `until`."""

    days = QueryWhole(
        metadata=_says(
            "Whole UTC days up to now; stands alone, without any of the others.",
            minimum=1,
            maximum=ranges.MAX_DAYS,
        )
    )


class QuarantineInput(Strict):
    """Why a link goes into quarantine."""

    reason = Text(required=True, metadata={"minLength": 1, **_most(MAX_REASON)})


class BlockingInput(Strict):
    """An entry of a blocklist."""

    read_only = dict.fromkeys(("id", "by_operator", "created_at"), _READ_ONLY)

    kind = Text(
        required=True,
        metadata=_says(
            "`host`: with its subdomains. `pattern`: `host/path?query` with `*` and `?`. `allow`: "
            "either, and it wins.",
            enum=list(entries.KINDS),
        ),
    )
    value = Text(required=True, metadata={"minLength": 1, **_most(MAX_VALUE)})
    note = Text(allow_none=True, metadata=_most(entries.MAX_NOTE))


class BlockingQuery(Strict):
    """Which entries of the blocklist."""

    kind = Text(metadata={"enum": list(entries.KINDS)})
    cursor = Text(metadata=_says("`next_cursor` of the page before."))
    limit = QueryWhole(metadata={"minimum": 1, "maximum": paging.MAX_LIMIT, "default": 50})


class ReportsQuery(Strict):
    """Which reports."""

    state = Text(metadata={"enum": list(reports.STATES), "default": "open"})
    cursor = Text(metadata=_says("`next_cursor` of the page before."))
    limit = QueryWhole(metadata={"minimum": 1, "maximum": paging.MAX_LIMIT, "default": 50})


class EventInput(Strict):
    """What a visitor did."""

    read_only = dict.fromkeys(("id", "created_at", "is_conversion", "attribution"), _READ_ONLY)

    visitor_id = Text(required=True, metadata=_says("`klid` of the redirect.", **_LONGEST))
    event_name = Text(required=True, metadata=_LONGEST)
    revenue = Amount(
        allow_none=True,
        metadata=_says(
            'A number, or the same as a string: `99.99`, `"99.99"`.',
            type=["number", "string"],  # null is added by allow_none
        ),
    )
    currency = Text(
        allow_none=True, metadata=_says("ISO 4217; the workspace's when absent.", example="USD")
    )
    name = Text(allow_none=True, metadata=_most(events.MAX_TEXT))
    metadata = fields.Dict(
        allow_none=True,
        error_messages={"invalid": "must be an object"},
        metadata=_says("At most 16 KiB as JSON."),
    )
    event_id = Text(
        allow_none=True, metadata=_says("Your own name for it, by which a repeat is known.")
    )
    occurred_at = Moment(allow_none=True, metadata=_says("Now when absent."))


class EventsQuery(Strict):
    """Which events."""

    link = Text(metadata=_says("Id of the link that they are attributed to.", format="uuid"))
    visitor_id = Text()
    event_name = Text()
    since = QueryMoment()
    until = QueryMoment(metadata=_says("Exclusive."))
    cursor = Text(metadata=_says("`next_cursor` of the page before."))
    limit = QueryWhole(metadata={"minimum": 1, "maximum": paging.MAX_LIMIT, "default": 50})


class ClicksQuery(Strict):
    """Which raw clicks."""

    since = QueryMoment()
    until = QueryMoment(metadata=_says("Exclusive."))
    cursor = Text(metadata=_says("`next_cursor` of the page before."))
    limit = QueryWhole(metadata={"minimum": 1, "maximum": paging.MAX_LIMIT, "default": 50})


class ExplainQuery(Strict):
    """Whose visit to explain; what is absent is unknown."""

    ip = Text(metadata=_says("IPv4 or IPv6 address; tells the country."))
    user_agent = Text(metadata=_says("Absent: no device, system or browser is known."))
    language = Text(metadata=_says("As in `Accept-Language`: `de-AT,de;q=0.9`."))
    at = QueryMoment(metadata=_says("When; now when absent."))
    country = Text(metadata=_says("ISO 3166 code; counts instead of what `ip` tells."))
    query = Text(metadata=_says("The visit's own query, encoded as one value.", **_most(MAX_QUERY)))
    visitor = Text(
        metadata=_says(
            "Value of the cookie `klid` in the visitor's browser. Not the `klid` that a "
            "destination gets: that is another, from which no variant follows."
        )
    )
