"""What is exported and taken in again is the same."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from klink.core import links
from klink.core.context import Context
from klink.core.errors import KlinkError
from klink.core.links import ArrivalOutcome, LinkQuery, NewLink, NewRule, NewVariant, Utm
from klink.core.principal import Principal
from klink.moving import importing
from klink.moving.files import TextFile
from klink.moving.native import Options
from klink.moving.out.records import write_records
from klink.moving.own_files import JsonLines
from tests.stats.conftest import NOW
from tests.stats.visits import Visit, count

OWN = {
    *("id", "number", "created_via", "updated_at", "views", "unique_visitors", "site_verified_at"),
    *("scheduled_deletion_at", "check"),
}
"""What a link gets anew, or is counted anew."""

text = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")), min_size=1, max_size=30
).map(str.strip)
some_text = st.none() | text.filter(bool)
slugs = st.from_regex(r"[A-Za-z0-9](?:[A-Za-z0-9_-]{0,8}[A-Za-z0-9])?", fullmatch=True)
urls = st.builds("https://example.com/{}?{}#{}".format, text, text, text)
moments = st.none() | st.integers(1_577_836_800, 1_893_456_000).map(
    lambda second: datetime.fromtimestamp(second, UTC)
)
utms = st.builds(Utm, some_text, some_text, some_text, some_text, some_text)
weights = st.integers(0, 100)
rules = st.lists(
    st.builds(
        NewRule,
        st.fixed_dictionaries(
            {},
            optional={
                "country": st.lists(st.sampled_from(["DE", "FR", "US"]), min_size=1, unique=True),
                "query": st.dictionaries(st.sampled_from("ab"), st.sampled_from("xy"), min_size=1),
                "weekday": st.just(["mon", "fri"]),
                "hours": st.just([22, 6]),
                "timezone": st.just("Europe/Berlin"),
                "after": st.just("2026-01-31T09:30:00Z"),
            },
        ).filter(bool),
        st.sampled_from(["a", "b", "split"]),
    ),
    max_size=3,
).map(tuple)


def two(weight: int) -> tuple[NewVariant, NewVariant]:
    return (
        NewVariant("a", "https://a.example/?x=1", weight),
        NewVariant("b", "https://b.example/ä", 100 - weight),
    )


several = st.fixed_dictionaries(
    {"variants": weights.map(two), "rules": rules},
    optional={"auto_winner": st.booleans(), "winner_threshold": st.integers(10, 500)},
)
shared = st.fixed_dictionaries(
    {"slug": slugs},
    optional={
        "title": some_text,
        "description": some_text,
        "tags": st.lists(text.filter(bool), max_size=3, unique=True).map(tuple),
        "utm": utms,
        "forward_query": st.booleans(),
        "redirect_status": st.sampled_from([301, 302, 307, 308]),
        "conversion_tracking": st.booleans(),
        "starts_at": moments,
        "expires_at": moments,
        "max_clicks": st.none() | st.integers(1, 10**9),
        "expired_url": st.none() | urls,
        "failover_url": st.none() | urls,
        "password": st.none() | st.just("sesame"),
        "is_active": st.booleans(),
        "post_id": st.none() | slugs,
    },
)
fields = st.builds(dict.__or__, shared, several | st.builds(lambda url: {"url": url}, urls))


def exported(ctx: Context) -> str:
    out = io.StringIO()
    write_records(ctx, out, "jsonl", kinds=("links",))
    return out.getvalue()


def links_in(found: str) -> dict[str, Any]:
    """The links by their slugs, without what is the database's own."""
    lines = [json.loads(line) for line in found.splitlines()]
    own = [line["link"] for line in lines if line["type"] == "link"]
    for link in own:
        for variant in link["routing"]["variants"]:
            variant.pop("clicks")
    return {link["slug"]: {n: v for n, v in link.items() if n not in OWN} for link in own}


def emptied(ctx: Context, who: Principal) -> None:
    while found := links.search(ctx, who, LinkQuery(limit=200)).items:
        for link in found:
            links.purge(ctx, who, link.uid)


def make(ctx: Context, who: Principal, many: Sequence[dict[str, Any]]) -> None:
    for each in many:
        links.create(ctx, who, NewLink(**each), allow_past_expiry=True)


def taken_in(ctx: Context, who: Principal, found: str) -> importing.Tally:
    source = JsonLines(TextFile(io.BufferedReader(io.BytesIO(found.encode()))), Options())
    return importing.run(
        ctx, who, source, note=lambda row, arrived: None, tick=lambda progress, tally: None
    )


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(fields, max_size=3, unique_by=lambda each: each["slug"].lower()))
def test_an_export_that_is_taken_in_exports_the_same(
    ctx: Context, owner: Principal, many: list[dict[str, Any]]
) -> None:
    emptied(ctx, owner)
    with suppress(KlinkError):  # what was made before it will do
        make(ctx, owner, many)
    before = exported(ctx)
    emptied(ctx, owner)
    assert links_in(exported(ctx)) == {}
    tally = taken_in(ctx, owner, before)
    assert tally.by_outcome[ArrivalOutcome.MADE] == tally.rows == len(links_in(before))
    assert links_in(exported(ctx)) == links_in(before)
    assert taken_in(ctx, owner, before).by_outcome[ArrivalOutcome.THERE] == tally.rows


def test_clicks_and_the_day_of_its_making_come_along(ctx: Context, owner: Principal) -> None:
    made = links.create(ctx, owner, NewLink(url="https://example.com/", slug="spring")).link
    count([Visit(NOW, made.id, visitor=f"v_{i}") for i in range(3)])
    before = exported(ctx)
    emptied(ctx, owner)
    later = Context(ctx.now + timedelta(days=9), ctx.settings)
    taken_in(later, owner, before)
    found = links_in(exported(later))["spring"]
    assert found == links_in(before)["spring"]
    assert found["clicks"] == 3
    assert found["created_at"] == "2026-12-01T10:07:30Z"


@pytest.mark.parametrize("gone", [True, False])
def test_a_link_in_the_trash_is_told_and_not_taken_in(
    ctx: Context, owner: Principal, gone: bool
) -> None:
    made = links.create(ctx, owner, NewLink(url="https://example.com/", slug="spring")).link
    if gone:
        links.trash(ctx, owner, made.uid)
    before = exported(ctx)
    links.purge(ctx, owner, made.uid)
    tally = taken_in(ctx, owner, before)
    outcome = ArrivalOutcome.REFUSED if gone else ArrivalOutcome.MADE
    assert tally.by_outcome[outcome] == 1
