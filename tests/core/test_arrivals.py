"""Links that come from elsewhere: made, found there, in conflict, or refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from klink.core import errors, links
from klink.core.context import Context
from klink.core.links import (
    Arrival,
    ArrivalOutcome,
    Arrivals,
    Arrived,
    LinkPatch,
    NewLink,
    NewRule,
    NewVariant,
)
from klink.core.plans import Plan
from klink.core.principal import Principal
from klink.db.models import Audit, Change, Link, LinkTotal
from klink.moving.trial import TrialPlaces
from klink.stats.counts import with_counts
from tests.core.conftest import NOW

HOME = "https://example.com/home"
MADE, THERE = Arrived(ArrivalOutcome.MADE), Arrived(ArrivalOutcome.THERE)


def _came(slug: str, url: str = HOME, *, clicks: int | None = None, **more: object) -> Arrival:
    new = NewLink(slug=slug, url=url, **more)  # type: ignore[arg-type]  # fields of a link
    return Arrival(new, frozenset({"url", *more}), clicks=clicks)


def _outcomes(found: list[Arrived]) -> list[str]:
    return [str(each.outcome) for each in found]


def test_what_comes_is_made_with_its_time_and_clicks(ctx: Context, owner: Principal) -> None:
    then = NOW - timedelta(days=700)
    came = replace(_came("a", clicks=42, title="A", tags=("x",)), created_at=then)
    assert Arrivals(ctx, owner).take([came, _came("b")]) == [MADE, MADE]
    first = links.find(ctx, owner, "a")
    assert (first.created_at, first.updated_at, first.title, first.tags) == (then, NOW, "A", ("x",))
    assert [c.clicks for c in with_counts([first, links.find(ctx, owner, "b")])] == [42, 0]
    assert Audit.select().where(Audit.action == "link.create").count() == 2
    assert Change.select().where(Change.kind == "link").count() == 2


def test_what_came_before_is_there_and_nothing_is_written(ctx: Context, owner: Principal) -> None:
    many = [
        _came("a", clicks=42, title="A", tags=("y", "x", "y")),
        _came("b", password="sesame", expires_at=NOW - timedelta(days=1)),
        replace(_came("c", max_clicks=5, starts_at=NOW + timedelta(microseconds=7)), is_ours=True),
    ]
    variants = (NewVariant("u", "https://u.example/", 40), NewVariant("v", "https://v.example", 60))
    rules = (NewRule({"country": ["de", "AT"]}, "u"),)
    split = NewLink(slug="d", variants=variants, rules=rules)
    many.append(Arrival(split, frozenset({"variants", "rules"})))
    arrivals = Arrivals(ctx, owner)
    assert arrivals.take(many) == [MADE] * 4
    before = Change.select().count()
    assert arrivals.take(many) == [THERE] * 4
    assert Change.select().count() == before


def test_what_differs_is_a_conflict_and_stays(ctx: Context, owner: Principal) -> None:
    arrivals = Arrivals(ctx, owner)
    arrivals.take([_came("a", clicks=5, title="Old", password="sesame")])
    came = _came("a", "https://example.com/new", clicks=9, title="New", password="other")
    (found,) = arrivals.take([came])
    assert found.outcome is ArrivalOutcome.CONFLICT
    assert found.reason == (
        "password; title: 'Old' here, 'New' there; "
        "url: 'https://example.com/home' here, 'https://example.com/new' there; "
        "clicks: 5 here, 9 there"
    )
    link = links.find(ctx, owner, "a")
    assert (link.url, link.version, with_counts([link])[0].clicks) == (HOME, 1, 5)


def test_what_differs_is_updated_when_that_is_wished_for(ctx: Context, owner: Principal) -> None:
    Arrivals(ctx, owner).take([_came("a", clicks=5, title="Old", description="Mine")])
    came = _came("a", "https://example.com/new", clicks=9, title="New")
    arrivals = Arrivals(ctx, owner, is_updating=True)
    assert _outcomes(arrivals.take([came])) == ["updated"]
    link = links.find(ctx, owner, "a")
    assert (link.url, link.title, link.description) == (came.new.url, "New", "Mine")
    assert with_counts([link])[0].clicks == 9
    assert arrivals.take([came]) == [THERE]
    assert len(links.history(ctx, owner, link.uid).items) == 2


def test_an_update_that_is_refused_changes_nothing(ctx: Context, owner: Principal) -> None:
    arrivals = Arrivals(ctx, owner, is_updating=True)
    arrivals.take([_came("a", clicks=5)])
    (found,) = arrivals.take([_came("a", "javascript:alert(1)", clicks=9, title="New")])
    assert found.outcome is ArrivalOutcome.REFUSED
    link = links.find(ctx, owner, "a")
    assert (link.title, with_counts([link])[0].clicks) == (None, 5)


def test_clicks_of_klink_itself_are_not_added_twice(ctx: Context, owner: Principal) -> None:
    arrivals = Arrivals(ctx, owner, is_updating=True)
    arrivals.take([_came("a")])
    LinkTotal.update(clicks=10).execute()  # as if ten people had come since
    mine = replace(_came("a", clicks=7), is_ours=True)
    assert arrivals.take([mine]) == [THERE]
    assert _outcomes(arrivals.take([replace(mine, clicks=12)])) == ["updated"]
    assert with_counts([links.find(ctx, owner, "a")])[0].clicks == 12
    assert _outcomes(arrivals.take([replace(mine, clicks=3, is_ours=False)])) == ["updated"]
    assert with_counts([links.find(ctx, owner, "a")])[0].clicks == 13


def test_places_of_others_and_of_the_trash_are_conflicts(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    Arrivals(ctx, stranger).take([_came("theirs")])
    Arrivals(ctx, owner).take([_came("gone")])
    links.trash(ctx, owner, links.find(ctx, owner, "gone").uid)
    found = Arrivals(ctx, owner, is_updating=True).take([_came("theirs"), _came("gone")])
    assert _outcomes(found) == ["conflict", "conflict"]
    assert "another workspace" in found[0].reason
    assert "trash" in found[1].reason


HOSTILE = [
    (_came("admin"), "slug: 'admin' is reserved"),
    (_came("a\0b"), "slug: may hold only"),
    (_came("'; DROP TABLE links; --"), "slug: may hold only"),
    (_came("x" * 65), "slug: must be 1 to 64"),
    (_came("\udc80"), "slug: may hold only"),
    (_came(""), "no slug"),
    (_came("script", "javascript:alert(1)"), "url: "),
    (_came("nul", "https://example.com/\0"), "url: "),
    (_came("long", "https://example.com/" + "x" * 10_000_000), "url: "),
    (_came("self", "https://go.example.org/self"), "url: leads back to this server"),
    (_came("loop", "https://go.example.org/fine"), "url: leads back to this server"),
    (_came("title", title="a\0b"), "title: must not contain control characters"),
    (_came("tags", tags=("\udc80",)), "tags: "),
    (_came("host", domain="nobody.example"), "domain: is not a verified domain"),
    (_came("max", max_clicks=0), "max_clicks: must be 1 to"),
]


@pytest.mark.parametrize("is_trial", [False, True])
def test_hostile_links_are_refused_and_the_others_made(
    ctx: Context, owner: Principal, is_trial: bool
) -> None:
    with TrialPlaces() as trial:
        arrivals = Arrivals(ctx, owner, trial=trial if is_trial else None)
        many = [_came("fine"), *[came for came, _ in HOSTILE], _came("last")]
        found = arrivals.take(many)
    assert found[0] == found[-1] == MADE
    for one, (came, why) in zip(found[1:-1], HOSTILE, strict=True):
        assert one.outcome in (ArrivalOutcome.REFUSED, ArrivalOutcome.CONFLICT), came.new.slug
        assert why in one.reason
    assert Link.select().count() == (0 if is_trial else 2)


def test_the_same_place_twice_is_there_or_in_conflict(ctx: Context, owner: Principal) -> None:
    many = [_came("a"), _came("a"), _came("b"), _came("a", "https://example.com/2"), _came("b")]
    told = ["made", "there", "made", "conflict", "there"]
    with TrialPlaces() as trial:
        assert _outcomes(Arrivals(ctx, owner, trial=trial).take(many)) == told
    assert _outcomes(Arrivals(ctx, owner).take(many)) == told


def test_a_trial_goes_by_what_it_would_have_made_before(ctx: Context, owner: Principal) -> None:
    small = replace(owner, plan=Plan("small", max_links=2))
    many = [[_came("a"), _came("off", is_active=False)], [_came("a"), _came("b")], [_came("c")]]
    with TrialPlaces() as trial:
        arrivals = Arrivals(ctx, small, trial=trial)
        tried = [arrivals.take(few) for few in many]
    assert [_outcomes(each) for each in tried] == [["made", "made"], ["there", "made"], ["refused"]]
    assert Link.select().count() + Audit.select().where(Audit.action == "link.create").count() == 0
    assert [Arrivals(ctx, small).take(few) for few in many] == tried


def test_a_post_that_has_a_link_already_is_a_conflict(ctx: Context, owner: Principal) -> None:
    many = [_came("a", type="inpage", post_id="7"), _came("b", type="inpage", post_id="7")]
    assert _outcomes(Arrivals(ctx, owner).take(many)) == ["made", "conflict"]


def test_clicks_from_elsewhere_use_up_no_limit(ctx: Context, owner: Principal) -> None:
    Arrivals(ctx, owner).take([_came("a", clicks=500), _came("b", clicks=500, max_clicks=3)])
    a, b = links.find(ctx, owner, "a"), links.find(ctx, owner, "b")
    links.update(ctx, owner, a.uid, LinkPatch(max_clicks=1))
    assert links.uses_left(a.id, 1)
    assert links.uses_left(b.id, 3)


def test_who_may_not_make_links_may_not_bring_any(ctx: Context, owner: Principal) -> None:
    with pytest.raises(errors.InsufficientScope):
        Arrivals(ctx, replace(owner, scopes=frozenset({"read"})))
    with pytest.raises(errors.InsufficientScope):
        Arrivals(ctx, replace(owner, scopes=frozenset({"read", "create"})), is_updating=True)
