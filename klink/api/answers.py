"""What answers hold, as schemas: they describe it in OpenAPI and nothing else.

``render`` builds the answers; a test holds both together.
"""

from __future__ import annotations

from marshmallow import Schema, fields

from klink.api.answer_fields import count as _count
from klink.api.answer_fields import flag as _flag
from klink.api.answer_fields import moment as _time
from klink.api.answer_fields import part as _part
from klink.api.answer_fields import text as _text
from klink.clicks.enrich import KINDS
from klink.core import destination_checks as checks
from klink.core.explain import ENDS
from klink.core.links import fields as rules


class Problem(Schema):
    """What went wrong (RFC 9457)."""

    type = _text("Name of the problem; its last part is `code`.")
    title = _text()
    status = fields.Integer(required=True)
    detail = _text("What to do about it.")
    code = _text("Stable, for programs.")
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "With 422: messages by the path of a field."},
    )
    request_id = fields.String(metadata={"description": "With 500: the name of it in the log."})


class Check(Schema):
    """How the last check of a destination went."""

    checked_at = _time(null=False)
    status = fields.Integer(
        required=True, allow_none=True, metadata={"description": "Null when there was no answer."}
    )
    final_host = _text("Where redirects led in the end, when that is another host.", null=True)
    problem = _text(
        "Null when there was none.", null=True, enum=[*(str(each) for each in checks.Problem), None]
    )
    failing_since = _time("When a problem was first met that is still there.")
    down_since = _time("Since when visitors go to `failover_url`, if the link has one.")


def _check(description: str) -> fields.Nested:
    return fields.Nested(
        Check, required=True, allow_none=True, metadata={"description": description}
    )


class Variant(Schema):
    """One of several destinations."""

    label = _text()
    url = _text()
    weight = _count("Share of 100.")
    clicks = _count()
    conversions = _count()
    check = _check("Null when it was never checked.")


class Rule(Schema):
    """The first rule whose `when` holds chooses."""

    when = fields.Dict(required=True)
    use = _text("A variant's label, or `split`.")


class Routing(Schema):
    """Where visitors go."""

    mode = _text(enum=["single", "split", "rules"])
    variants = _part(Variant, many=True)
    rules = _part(Rule, many=True)
    default = _text("Null: the first variant.", null=True)


class Experiment(Schema):
    """Whether a winner may be named, and which was."""

    auto_winner = _flag()
    threshold = _count("Clicks before a winner may be named.")
    winner = _text(null=True)
    decided_at = _time()


class Utm(Schema):
    """Campaign parameters that are added to the destination."""

    source = _text(null=True)
    medium = _text(null=True)
    campaign = _text(null=True)
    content = _text(null=True)
    term = _text(null=True)


class Link(Schema):
    """A short link with its counts of all time."""

    id = _text(format="uuid")
    number = _count("The same link as a number, for doors that use one.")
    slug = _text()
    domain = _text()
    short_url = _text(format="uri")
    url = _text("Where it leads; with variants: the default's or first one's.")
    title = _text(null=True)
    description = _text(null=True)
    tags = fields.List(fields.String(), required=True)
    type = _text(enum=list(rules.TYPES))
    post_id = _text(null=True)
    site_url = _text(null=True)
    site_verified_at = _time()
    scheduled_deletion_at = _time()
    routing = _part(Routing)
    experiment = _part(Experiment)
    utm = _part(Utm)
    forward_query = _flag()
    redirect_status = _count()
    conversion_tracking = _flag()
    conversion_redirect_url = _text(
        "Where a visitor goes after a conversion for the link.", null=True
    )
    starts_at = _time()
    expires_at = _time()
    max_clicks = fields.Integer(required=True, allow_none=True)
    expired_url = _text(null=True)
    failover_url = _text("Where visitors go while the destination is down.", null=True)
    check = _check("Null with variants, which have their own, and when it was never checked.")
    password_protected = _flag()
    is_active = _flag()
    quarantined_at = _time("Since when it answers visitors 404, as if it were not there.")
    quarantined_by = _text(
        "`scan`: a list names a destination.",
        null=True,
        enum=["scan", "workspace", "operator", None],
    )
    quarantine_reason = _text(null=True)
    clicks = _count("People who were forwarded.")
    views = _count("Visits to the short URL, by anyone.")
    unique_visitors = _count()
    conversions = _count()
    revenue = _text("Decimal.", example="0.00")
    created_at = _time(null=False)
    updated_at = _time(null=False)
    existing = fields.Boolean(metadata={"description": "Only when a creation found an old link."})


class LinkList(Schema):
    """One page of links."""

    items = _part(Link, many=True)
    next_cursor = _text("Null on the last page.", null=True)


class BulkItem(Schema):
    """What became of one item: `link`, or `problem`."""

    status = _count()
    link = fields.Nested(Link)
    problem = fields.Nested(Problem)


class Attribution(Schema):
    """The link whose click the event is attributed to."""

    link = _text(format="uuid")
    slug = _text()
    variant = _text("Label; null without one, or when the link has it no more.", null=True)
    run = _count("Of the link's experiment, at the click.")
    click_at = _time(null=False)


class Event(Schema):
    """What a visitor did."""

    id = _count()
    visitor_id = _text()
    event_name = _text()
    revenue = _text("Decimal, two to four places.", null=True, example="99.99")
    currency = _text(example="USD")
    name = _text(null=True)
    metadata = fields.Dict(required=True, allow_none=True)
    event_id = _text(null=True)
    occurred_at = _time(null=False)
    created_at = _time(null=False)
    is_conversion = _flag("Whether its name counted as a conversion when it came.")
    attribution = fields.Nested(
        Attribution,
        required=True,
        allow_none=True,
        metadata={"description": "Null: to no link that there is."},
    )


class EventList(Schema):
    """One page of events, newest first."""

    items = _part(Event, many=True)
    next_cursor = _text("Null on the last page.", null=True)


class Plan(Schema):
    """What a plan allows; null is unlimited."""

    name = _text()
    requests_per_minute = fields.Integer(required=True, allow_none=True)
    requests_per_hour = fields.Integer(required=True, allow_none=True)
    requests_per_month = fields.Integer(required=True, allow_none=True)
    max_links = fields.Integer(required=True, allow_none=True)
    api_access = _flag()


class OwnUser(Schema):
    """The user whom the key belongs to."""

    id = _text(format="uuid")
    email = _text()
    name = _text(null=True)
    role = _text(null=True)


class OwnWorkspace(Schema):
    """The workspace that the key sees."""

    id = _text(format="uuid")
    name = _text()
    public_id = _text("What browsers send events with.")
    currency = _text()
    conversion_names = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "Events of these names count as conversions."},
    )
    plan = fields.Nested(Plan, required=True, allow_none=True)


class OwnKey(Schema):
    """The key."""

    id = _text(format="uuid")
    name = _text()
    scopes = fields.List(fields.String(), required=True)


class Requests(Schema):
    """Requests counted in the current windows."""

    minute = _count()
    hour = _count()
    month = _count("Of the whole workspace.")


class Used(Schema):
    """How much of the plan is used."""

    requests = _part(Requests)
    links = _count("Links that are not trashed, inactive or expired.")


class Me(Schema):
    """Who asks."""

    user = _part(OwnUser)
    workspace = _part(OwnWorkspace)
    key = _part(OwnKey)
    plan = _part(Plan)
    usage = _part(Used)


class MatchedRule(Schema):
    """The rule that matched."""

    index = _count("Its place in `routing.rules`, from 0.")
    when = fields.Dict(required=True)


class Share(Schema):
    """A variant that weights may choose."""

    label = _text()
    weight = _count("Share of 100.")


class Asker(Schema):
    """What klink makes of the visitor."""

    country = _text("ISO 3166 code.", null=True)
    device = _text(null=True)
    os = _text(null=True)
    browser = _text(null=True)
    language = _text("First preference.", null=True)
    kind = _text("Only persons make clicks.", enum=list(KINDS))
    reason = _text("Why it is no person.", null=True)


class Explanation(Schema):
    """What a visitor would get, and what decides it."""

    outcome = _text(
        "`expired` by time, `limited` by `max_clicks`: to `expired_url`, else 410.",
        enum=list(ENDS),
    )
    status = _count("Of the answer.")
    location = _text("Where it sends; null where nobody knows, or it sends nowhere.", null=True)
    variant = _text(
        "Label; behind a page or password, that of the way on. Null for a single destination.",
        null=True,
    )
    decided_by = _text(
        "Null when the link is not live.",
        null=True,
        enum=["rule", "split", "winner", "default", "only", None],
    )
    rule = fields.Nested(MatchedRule, required=True, allow_none=True)
    shares = fields.Nested(
        Share,
        many=True,
        required=True,
        allow_none=True,
        metadata={"description": "When weights decide and no `visitor` was given."},
    )
    visitor = _part(Asker)
    at = _time(null=False)
