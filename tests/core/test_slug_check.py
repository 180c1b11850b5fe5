"""Whether a slug could be had, asked while somebody types."""

from __future__ import annotations

import pytest

from klink.core import errors, links
from klink.core.context import Context
from klink.core.links import NewLink
from klink.core.links.slug_check import check_slug
from klink.core.principal import Principal
from klink.db.models import Domain

HOME = "https://example.com/home"


def make(ctx: Context, who: Principal, slug: str, domain: str | None = None) -> links.LinkView:
    return links.create(ctx, who, NewLink(url=HOME, slug=slug, domain=domain)).link


@pytest.mark.parametrize(
    "slug,state,told,suggestion",
    [
        ("", "any", "klink chooses", ""),
        ("spring", "free", "free", ""),
        ("-spring", "malformed", "start and end", "spring"),
        ("spring sale!", "malformed", "may hold only", "spring-sale"),
        ("Größe", "malformed", "may hold only", "Grosse"),
        ("a/b", "malformed", "may hold only", "a-b"),
        ("!", "malformed", "may hold only", ""),
        ("\0", "malformed", "may hold only", ""),
        ("api/", "malformed", "may hold only", ""),  # what is left is reserved
        ("a" * 65, "malformed", "1 to 64", "a" * 64),
        ("API", "reserved", "reserved", ""),
    ],
)
def test_a_slug_is_judged_as_in_making_a_link(
    ctx: Context, owner: Principal, slug: str, state: str, told: str, suggestion: str
) -> None:
    found = check_slug(ctx, owner, slug)
    assert (found.state, found.suggestion, found.uid) == (state, suggestion, "")
    assert told in found.text
    if state in ("malformed", "reserved"):
        with pytest.raises(errors.ValidationFailed) as caught:
            make(ctx, owner, slug)
        assert caught.value.errors == {"slug": [found.text]}
    elif suggestion := found.suggestion:
        assert make(ctx, owner, suggestion).slug == suggestion


def test_a_slug_that_is_taken_names_ones_own_link_and_what_is_free(
    ctx: Context, owner: Principal, teammate: Principal
) -> None:
    link = make(ctx, owner, "spring")
    found = check_slug(ctx, teammate, "spring")
    assert (found.state, found.uid, found.suggestion) == ("taken", link.uid, "spring-2")
    make(ctx, owner, "spring-2")
    assert check_slug(ctx, owner, "spring").suggestion == "spring-3"
    assert check_slug(ctx, owner, "Spring").state == "free"  # case-sensitive
    links.trash(ctx, owner, link.uid)
    assert "trash" in check_slug(ctx, owner, "spring").text


def test_a_strangers_link_is_not_named(ctx: Context, owner: Principal, stranger: Principal) -> None:
    make(ctx, owner, "spring")
    found = check_slug(ctx, stranger, "spring")
    assert (found.state, found.uid, found.text) == ("taken", "", "taken on this domain")


def test_a_links_own_slug_is_its_own(ctx: Context, owner: Principal) -> None:
    link = make(ctx, owner, "spring")
    assert check_slug(ctx, owner, "spring", of=link.uid).state == "own"
    assert check_slug(ctx, owner, "spring", of=make(ctx, owner, "b1").uid).state == "taken"


def test_a_slug_is_looked_for_on_its_domain(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    Domain.create(host="x.example", workspace=owner.workspace_id, verified_at=1, created_at=1)
    make(ctx, owner, "spring", "x.example")
    assert check_slug(ctx, owner, "spring").state == "free"
    assert check_slug(ctx, owner, "spring", "X.example").state == "taken"
    assert check_slug(ctx, owner, "spring", "go.example.org").state == "free"
    assert check_slug(ctx, stranger, "spring", "x.example").state == "no_domain"
    assert check_slug(ctx, owner, "spring", "nowhere\0").state == "no_domain"
    Domain.update(is_default=True).where(Domain.host == "x.example").execute()
    assert check_slug(ctx, owner, "spring").state == "taken"


def test_whoever_may_not_read_is_not_told(ctx: Context, owner: Principal) -> None:
    blind = Principal(owner.workspace_id, owner.user_id, None, "klink", frozenset({"create"}))
    with pytest.raises(errors.InsufficientScope):
        check_slug(ctx, blind, "spring")
