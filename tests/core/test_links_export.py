"""Reading all links of a list, page after page."""

from __future__ import annotations

from dataclasses import replace

import pytest

from klink.core import links
from klink.core.context import Context
from klink.core.errors import InsufficientScope, ValidationFailed
from klink.core.links import LinkQuery, NewLink
from klink.core.principal import Principal


def make(ctx: Context, who: Principal, many: int) -> None:
    new = [
        NewLink(url="https://a.example/", slug=f"s{i}", tags=("third",) if i % 3 == 0 else ())
        for i in range(many)
    ]
    links.create_many(ctx, who, new, atomic=False)


def test_all_that_fit_come_newest_first_whatever_page_was_asked_for(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    make(ctx, owner, 450)
    links.create(ctx, stranger, NewLink(url="https://x.example/"))
    pages = list(links.pages(ctx, owner, LinkQuery(sort="slug", limit=7, cursor="whatever")))
    assert [link.slug for page in pages for link in page] == [f"s{i}" for i in range(449, -1, -1)]
    assert max(map(len, pages)) == 200
    tagged = list(links.pages(ctx, owner, LinkQuery(tag="third", q="s4")))
    found = [link.slug for page in tagged for link in page]
    wanted = [f"s{i}" for i in range(449, -1, -1) if i % 3 == 0 and f"{i}".startswith("4")]
    assert found == wanted


def test_what_cannot_be_is_refused_before_anything_is_read(ctx: Context, owner: Principal) -> None:
    with pytest.raises(ValidationFailed):
        links.pages(ctx, owner, LinkQuery(state="lost"))
    blind = replace(owner, scopes=frozenset({"create"}))
    with pytest.raises(InsufficientScope):
        links.pages(ctx, blind, LinkQuery())
    with pytest.raises(InsufficientScope):
        links.chosen(ctx, blind, [])


def test_chosen_links_are_those_that_the_workspace_has(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    make(ctx, owner, 3)
    mine = [link.uid for link in links.search(ctx, owner, LinkQuery()).items]
    theirs = links.create(ctx, stranger, NewLink(url="https://x.example/")).link
    links.trash(ctx, owner, mine[0])
    found = links.chosen(ctx, owner, [*mine, theirs.uid, "no\0such"])
    assert [link.slug for link in found] == ["s0", "s1", "s2"]
    assert links.chosen(ctx, owner, []) == []
    with pytest.raises(ValidationFailed):
        links.chosen(ctx, owner, ["x"] * 201)
