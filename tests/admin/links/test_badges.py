"""What is said of a link beside its address."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from klink.admin.links.badges import Badge, badges
from klink.core.links.model import CheckView, LinkView, RuleView, Utm, VariantView

NOW = datetime(2026, 3, 14, 15, 9, 26, tzinfo=UTC)
HOUR = timedelta(hours=1)

PLAIN = LinkView(
    id=1,
    uid="0198c2d4-0000-7000-8000-000000000001",
    workspace_id=1,
    created_by=None,
    created_via="klink",
    slug="spring",
    domain="go.example.org",
    short_url="https://go.example.org/spring",
    url="https://example.com/",
    title=None,
    description=None,
    tags=(),
    type="direct",
    post_id=None,
    site_url=None,
    site_verified_at=None,
    scheduled_deletion_at=None,
    mode="single",
    variants=(),
    rules=(),
    default=None,
    auto_winner=False,
    winner_threshold=100,
    winner=None,
    winner_at=None,
    run=1,
    utm=Utm(),
    forward_query=False,
    redirect_status=302,
    conversion_tracking=False,
    conversion_redirect_url=None,
    starts_at=None,
    expires_at=None,
    max_clicks=None,
    expired_url=None,
    failover_url=None,
    check=None,
    password_protected=False,
    is_active=True,
    quarantined_at=None,
    quarantined_by=None,
    quarantine_reason=None,
    deleted_at=None,
    version=1,
    created_at=NOW,
    updated_at=NOW,
)
HALVES = tuple(
    VariantView(i, f"v{i}", label, "https://x.example/", 50) for i, label in enumerate("ab")
)
FAILS = CheckView(NOW, 404, None, "not_found", NOW, None)
DOWN = replace(FAILS, down_since=NOW)
GEO = RuleView({"country": ["DE"]}, "a")


def said(**fields: object) -> list[Badge]:
    return badges(replace(PLAIN, **fields), NOW)  # type: ignore[arg-type]  # fields of a view


def test_a_plain_link_has_none() -> None:
    assert said() == []


@pytest.mark.parametrize(
    "fields, badge",
    [
        ({"mode": "split", "variants": HALVES}, Badge("split 50/50", "a")),
        ({"mode": "split", "variants": HALVES, "winner": "b"}, Badge("winner b", "good")),
        ({"mode": "rules", "variants": HALVES, "rules": (GEO,) * 4}, Badge("geo · 4 rules")),
        ({"mode": "rules", "rules": (GEO,)}, Badge("geo · 1 rule")),
        ({"mode": "rules", "rules": (GEO, RuleView({"os": ["iOS"]}, "a"))}, Badge("2 rules")),
        ({"mode": "rules", "rules": (RuleView({"weekday": [1]}, "a"),)}, Badge("1 rule")),
        ({"type": "inpage"}, Badge("preview")),
        ({"password_protected": True}, Badge("password")),
        ({"max_clicks": 1}, Badge("up to 1 click")),
        ({"max_clicks": 12_840}, Badge("up to 12,840 clicks")),
        ({"starts_at": NOW + 5 * HOUR}, Badge("starts in 5 h")),
        ({"expires_at": NOW}, Badge("expired", "warn")),
        ({"expires_at": NOW + 50 * HOUR}, Badge("expires in 2 days")),
        ({"expires_at": NOW + HOUR / 2}, Badge("expires in 30 min")),
        ({"is_active": False}, Badge("disabled", "warn")),
        ({"quarantined_at": NOW}, Badge("quarantined", "bad")),
        (
            {"scheduled_deletion_at": NOW + 21.5 * HOUR},
            Badge("not found on site · deletes in 21 h", "warn"),
        ),
        ({"scheduled_deletion_at": NOW}, Badge("not found on site · deletes soon", "warn")),
        ({"check": FAILS}, Badge("destination not found", "warn")),
        ({"check": DOWN}, Badge("destination down", "bad")),
        (
            {"mode": "rules", "variants": (replace(HALVES[0], check=DOWN), HALVES[1])},
            Badge("destination down (1 of 2)", "bad"),
        ),
        ({"deleted_at": NOW}, Badge("in the trash · goes in 30 days", "warn")),
    ],
)
def test_each_thing_is_said_in_a_word_or_two(fields: dict[str, object], badge: Badge) -> None:
    assert said(**fields) == [badge]


def test_what_lies_far_ahead_or_behind_is_not_said() -> None:
    assert said(expires_at=NOW + 100 * HOUR, starts_at=NOW) == []
    assert said(check=replace(FAILS, problem=None)) == []


def test_a_link_in_the_trash_says_no_more_of_its_times() -> None:
    texts = [each.text for each in said(deleted_at=NOW, expires_at=NOW, scheduled_deletion_at=NOW)]
    assert texts == ["in the trash · goes in 30 days"]


def test_where_it_leads_comes_before_what_ails_it() -> None:
    found = said(mode="split", variants=HALVES, type="inpage", is_active=False)
    assert [each.text for each in found] == ["split 50/50", "preview", "disabled"]
