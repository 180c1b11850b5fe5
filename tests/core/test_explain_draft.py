"""Who would get what from a link that is not saved."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from klink.core import errors, links
from klink.core.context import Context
from klink.core.explain import Explanation, chances
from klink.core.explain_draft import Facts, Preview, Shown, explain_draft
from klink.core.links import LinkPatch, NewLink, NewRule, NewVariant, Utm
from klink.core.principal import Principal
from klink.core.times import to_ms
from klink.db.models import Audit, Link, LinkTotal
from tests.core.conftest import NOW

HOME = "https://example.com/home"
AB = (NewVariant("a", "https://a.example/", 70), NewVariant("b", "https://b.example/", 30))


def rule(use: str, **when: object) -> NewRule:
    return NewRule(when, use)


def preview(ctx: Context, who: Principal, *rules: NewRule, **fields: object) -> Preview:
    new = NewLink(variants=AB, rules=rules, **fields)  # type: ignore[arg-type]
    return explain_draft(ctx, who, new)


def told(shown: Shown) -> tuple[str, str | None, int | None]:
    """Who, which variant, by which rule."""
    facts = shown.facts
    words = [*shown.countries, facts.device, facts.os, facts.browser, facts.language]
    return " ".join(word for word in words if word), shown.gets.variant, shown.gets.rule


def test_a_link_without_rules_shows_what_everybody_gets(ctx: Context, owner: Principal) -> None:
    new = NewLink(url="https://example.com/?x=1", utm=Utm(source="mail"), conversion_tracking=True)
    (anybody,) = explain_draft(ctx, owner, new).visitors
    location = "https://example.com/?x=1&utm_source=mail"
    assert anybody.gets == Explanation("redirect", 302, location, None, "only", onward=location)
    assert anybody.facts == Facts()
    assert Link.select().count() == 0


def test_a_split_shows_the_chance_of_each(ctx: Context, owner: Principal) -> None:
    variants = (*AB, NewVariant("c", "https://c.example/", 0))
    (anybody,) = explain_draft(ctx, owner, NewLink(variants=variants)).visitors
    assert (anybody.gets.by, anybody.gets.variant, anybody.gets.location) == ("split", None, "")
    shares = [(variant.label, share) for variant, share in chances(anybody.gets.shares)]
    assert shares == [("a", 70.0), ("b", 30.0)]


def test_whom_the_rules_name_and_one_whom_none_does_are_shown(
    ctx: Context, owner: Principal
) -> None:
    found = preview(
        ctx,
        owner,
        rule("b", country=["DE", "AT"], device="mobile"),
        rule("a", language=["fr", "pt-br"]),
        rule("split", os="iOS", browser=["Safari", "Chrome"]),
        default="a",
    )
    assert [told(each) for each in found.visitors] == [
        ("DE AT mobile", "b", 0),
        ("fr", "a", 1),
        ("pt-br", "a", 1),
        ("iOS Safari", None, 2),
        ("iOS Chrome", None, 2),
        ("", "a", None),
    ]
    assert [each.gets.by for each in found.visitors[-2:]] == ["split", "default"]
    assert (found.unreached, found.is_cut) == ((), False)


def test_countries_that_an_earlier_rule_takes_stand_apart(ctx: Context, owner: Principal) -> None:
    found = preview(
        ctx,
        owner,
        rule("a", country=["DE"]),
        rule("b", country=["AT", "DE", "CH"]),
        rule("a", country=["CH", "AT"]),
    )
    assert [told(each) for each in found.visitors] == [
        ("DE", "a", 0),
        ("AT CH", "b", 1),
        ("DE", "a", 0),
        ("CH AT", "b", 1),
        ("", None, None),
    ]
    assert found.unreached == (2,)


def test_a_rule_that_another_covers_at_some_hours_only_is_reached(
    ctx: Context, owner: Principal
) -> None:
    found = preview(ctx, owner, rule("a", hours=[0, 23]), rule("b", country="DE"))
    assert told(found.visitors[1]) == ("DE", "a", 0)
    assert found.unreached == ()


@pytest.mark.parametrize(
    "when,later",
    [
        ({"after": "2026-03-15T00:00:00Z"}, timedelta(hours=8, minutes=50, seconds=34)),
        ({"before": "2026-03-14T15:00:00Z"}, -timedelta(minutes=9, seconds=26, milliseconds=1)),
        ({"hours": [20, 22]}, timedelta(hours=4, minutes=50, seconds=34)),
        ({"weekday": ["mon"]}, timedelta(days=1, hours=8, minutes=50, seconds=34)),
        ({"weekday": ["sat"], "hours": [15, 16]}, None),
        ({"weekday": ["sat"], "hours": [16, 17], "timezone": "Europe/Berlin"}, None),
    ],
)
def test_a_rule_about_times_is_shown_at_a_time_when_it_holds(
    ctx: Context, owner: Principal, when: dict[str, object], later: timedelta | None
) -> None:
    shown = preview(ctx, owner, NewRule(when, "b"), default="a").visitors[0]
    assert shown.facts.at_ms == (None if later is None else to_ms(NOW + later))
    assert (shown.gets.variant, shown.gets.rule) == ("b", 0)


def test_a_rule_about_a_query_is_met_by_who_brings_it(ctx: Context, owner: Principal) -> None:
    found = preview(ctx, owner, rule("b", query={"src": "a b&c"}), default="a", forward_query=True)
    shown, anybody = found.visitors
    assert (shown.facts.query, shown.gets.variant) == ((("src", "a b&c"),), "b")
    assert shown.gets.location == "https://b.example/?src=a+b%26c"
    assert anybody.gets.variant == "a"


def test_somebody_in_particular_may_be_asked_about(ctx: Context, owner: Principal) -> None:
    rules = (rule("b", country="DE", device="mobile"), rule("b", hours=[0, 1]))
    new = NewLink(variants=AB, rules=rules, default="a")

    def variant(facts: Facts) -> str | None:
        asked = explain_draft(ctx, owner, new, asked=facts).asked
        assert asked is not None
        return asked.variant

    assert variant(Facts("DE", "mobile")) == "b"
    assert variant(Facts("DE", "desktop")) == "a"
    night = to_ms(datetime(2026, 3, 15, 0, 30, tzinfo=UTC))
    assert variant(Facts(at_ms=night)) == "b"
    assert explain_draft(ctx, owner, new).asked is None


@pytest.mark.parametrize(
    "fields,end,status,onward",
    [
        ({"starts_at": NOW + timedelta(days=1)}, "not_found", 404, ""),
        ({"is_active": False}, "gone", 410, ""),
        ({"password": "secret"}, "password", 200, HOME),
        ({"type": "inpage"}, "page", 302, HOME),
        ({"max_clicks": 1}, "redirect", 302, HOME),
        ({"redirect_status": 308}, "redirect", 308, HOME),
    ],
)
def test_what_stands_before_the_destination_is_told(
    ctx: Context, owner: Principal, fields: dict[str, object], end: str, status: int, onward: str
) -> None:
    new = NewLink(url=HOME, **fields)  # type: ignore[arg-type]
    gets = explain_draft(ctx, owner, new).visitors[-1].gets
    assert (gets.end, gets.status, gets.onward) == (end, status, onward)


def test_a_draft_is_refused_as_the_link_would_be(ctx: Context, owner: Principal) -> None:
    bad = NewLink(
        variants=(NewVariant("a", "nowhere", 50), NewVariant("a", HOME, 40)),
        rules=(rule("z", country="UK"),),
        password="x" * 129,
        slug="spring",
    )
    with pytest.raises(errors.ValidationFailed) as making:
        links.create(ctx, owner, bad)
    with pytest.raises(errors.ValidationFailed) as asking:
        explain_draft(ctx, owner, bad)
    assert asking.value.errors == making.value.errors
    assert "routing.rules.0.when.country" in asking.value.errors


def test_a_change_is_explained_as_it_would_be(ctx: Context, owner: Principal) -> None:
    made = links.create(ctx, owner, NewLink(variants=AB, password="secret")).link
    patch = LinkPatch(rules=(rule("b", country="DE"),), default="a", password=None)
    found = explain_draft(ctx, owner, patch, uid=made.uid)
    assert [told(each) for each in found.visitors] == [("DE", "b", 0), ("", "a", None)]
    assert found.visitors[0].gets.end == "redirect"
    assert links.get(ctx, owner, made.uid) == made
    assert Audit.select().where(Audit.action == "link.update").count() == 0
    links.update(ctx, owner, made.uid, patch)
    assert explain_draft(ctx, owner, LinkPatch(), uid=made.uid) == found


def test_a_change_back_to_one_destination_is_explained(ctx: Context, owner: Principal) -> None:
    made = links.create(ctx, owner, NewLink(variants=AB)).link
    patch = LinkPatch(variants=(), url=HOME, utm={"source": "mail"})
    (anybody,) = explain_draft(ctx, owner, patch, uid=made.uid).visitors
    assert (anybody.gets.by, anybody.gets.location) == ("only", f"{HOME}?utm_source=mail")


def test_new_variants_end_a_winners_reign(ctx: Context, owner: Principal) -> None:
    made = links.create(ctx, owner, NewLink(variants=AB)).link
    links.name_winner(ctx, owner, made.uid, "b")
    by = explain_draft(ctx, owner, LinkPatch(title="x"), uid=made.uid).visitors[-1].gets.by
    assert by == "winner"
    patch = LinkPatch(variants=(NewVariant("a", HOME, 50), NewVariant("b", HOME, 50)))
    assert explain_draft(ctx, owner, patch, uid=made.uid).visitors[-1].gets.by == "split"


def test_a_new_limit_counts_the_clicks_so_far(ctx: Context, owner: Principal) -> None:
    made = links.create(ctx, owner, NewLink(url=HOME)).link
    LinkTotal.update(clicks=5).where(LinkTotal.link_id == made.id).execute()

    def end(most: int) -> str:
        patch = LinkPatch(max_clicks=most)
        return explain_draft(ctx, owner, patch, uid=made.uid).visitors[-1].gets.end

    assert (end(5), end(6)) == ("limited", "redirect")


def test_a_destination_that_is_down_is_left_out_until_it_is_another(
    ctx: Context, owner: Principal
) -> None:
    way_out = "https://out.example/"
    made = links.create(ctx, owner, NewLink(url=HOME, failover_url=way_out)).link
    Link.update(down_at=NOW).where(Link.id == made.id).execute()

    def location(patch: LinkPatch) -> str:
        return explain_draft(ctx, owner, patch, uid=made.uid).visitors[-1].gets.location

    assert location(LinkPatch(title="x")) == way_out
    assert location(LinkPatch(url="https://example.com/new")) == "https://example.com/new"


def test_nobody_else_may_ask(ctx: Context, owner: Principal, stranger: Principal) -> None:
    made = links.create(ctx, owner, NewLink(url=HOME)).link
    with pytest.raises(errors.NotFound):
        explain_draft(ctx, stranger, LinkPatch(), uid=made.uid)
    reader = replace(owner, scopes=frozenset({"read"}))
    for wanted in (NewLink(url=HOME), LinkPatch()):
        with pytest.raises(errors.InsufficientScope):
            explain_draft(ctx, reader, wanted, uid=made.uid)
    links.trash(ctx, owner, made.uid)
    with pytest.raises(errors.Gone):
        explain_draft(ctx, owner, LinkPatch(), uid=made.uid)


def test_many_rules_show_the_first_visitors(ctx: Context, owner: Principal) -> None:
    rules = [rule("b", language=[f"{a}{b}"]) for a in "abcdefgh" for b in "abcdefgh"]
    found = preview(ctx, owner, *rules)
    assert (len(found.visitors), found.is_cut) == (41, True)
    assert found.visitors[-1].named_by is None
