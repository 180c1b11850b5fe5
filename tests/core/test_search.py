"""Finding links among thousands: the same ones that a look at every link would find."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest

from klink.core import errors, links
from klink.core.context import Context
from klink.core.links import LinkPatch, LinkQuery, LinkView, NewLink, by_clicks, finding
from klink.core.principal import Principal
from klink.db import search_index
from klink.db.connection import database, write
from klink.db.models import Domain, Link, LinkTotal, WorkspaceLinks
from tests.core.conftest import NOW

MANY = 6_000
"""More than any step of the search looks at in one go."""


def some(i: int) -> NewLink:
    """Links of which many, few and one have this or that, new ones and old ones."""
    kind = "old" if i < MANY // 2 else "new"
    return NewLink(
        slug=f"{kind}-{i:05d}",
        url=f"https://www.shop{i % 7}.example.com/item/{i}",
        title=f"Ünï 100%_ no{i % 500} x" if i % 2 else None,
        tags=tuple(
            tag
            for tag, has in (
                ("half", i % 2),
                ("rare", i % 1500 == 7),
                ("ancient", i < 4500),
                ("last", i >= MANY - 3),
            )
            if has
        ),
        is_active=i % 1000 != 1,
        expires_at=NOW + timedelta(seconds=i + 1) if i % 400 == 3 else None,
    )


def read_all(ctx: Context, who: Principal, query: LinkQuery) -> list[LinkView]:
    seen: list[LinkView] = []
    while True:
        page = links.search(ctx, who, query)
        seen += page.items
        if page.next_cursor is None:
            return seen
        query = replace(query, cursor=page.next_cursor)


def fits(link: LinkView, query: LinkQuery, ctx: Context) -> bool:
    """What the description of the list says, link by link."""
    is_expired = link.expires_at is not None and link.expires_at <= ctx.now
    state = {
        None: link.deleted_at is None,
        "trashed": link.deleted_at is not None,
        "inactive": link.deleted_at is None and not link.is_active,
        "expired": link.deleted_at is None and is_expired,
        "active": link.deleted_at is None and link.is_active and not is_expired,
    }[query.state]
    texts = [text.lower() for text in (link.slug, link.title or "", link.url)]
    return (
        state
        and (query.tag is None or query.tag in link.tags)
        and (query.domain is None or query.domain.lower() == link.domain)
        and all(
            any(word in text for text in texts)
            if len(word) >= 3
            else link.slug.lower().startswith(word)
            for word in query.q.lower().split()
        )
    )


CLICKS: dict[int, int] = {}
"""By link; many have as many as others, and most have none."""


def some_clicks(everything: list[LinkView]) -> None:
    CLICKS.clear()
    for link in everything:
        CLICKS[link.id] = link.id % 37 % 5 if link.id % 3 else 0
    with write():
        for link_id, clicks in CLICKS.items():
            if clicks:
                LinkTotal.update(clicks=clicks).where(LinkTotal.link_id == link_id).execute()


KEYS: dict[str, Callable[[LinkView], object]] = {
    "clicks": lambda link: (CLICKS[link.id], -link.id),
    "created": lambda link: link.id,
    "updated": lambda link: (link.updated_at, link.id),
    "slug": lambda link: link.slug,
}
QUERIES = [
    LinkQuery(q=q, tag=tag)
    for q, tag in product(
        ("", "https", "no499", "old https", "SHOP3.example 100%_", "zzz", "ne", "o", "zz"),
        (None, "half", "rare"),
    )
]
QUERIES += [LinkQuery(q=q, tag="ancient") for q in ("new", "no7", "ol")]
QUERIES += [LinkQuery(q=q, tag="last") for q in ("https", "no499", "old")]
QUERIES += [LinkQuery(q='"no499" OR'), LinkQuery(q="*no4"), LinkQuery(q="no4\\_"), LinkQuery(q="%")]
QUERIES += [
    LinkQuery(domain=domain, q=q)
    for domain, q in product(("Own.example", "small.example", "none.example"), ("", "no499", "old"))
]
QUERIES += [
    LinkQuery(domain="go.example.org", tag="rare"),
    LinkQuery(domain="own.example", tag="half"),
]
QUERIES += [
    LinkQuery(state=state, q=q)
    for state, q in product(("trashed", "inactive", "expired", "active"), ("", "https", "no1"))
]


def test_every_way_finds_what_a_look_at_every_link_finds(
    ctx: Context, owner: Principal, stranger: Principal, engine: str
) -> None:
    for start in range(0, MANY, 1_000):
        some_of_them = [some(i) for i in range(start, start + 1_000)]
        links.create_many(ctx, owner, some_of_them, atomic=False)
    links.create_many(
        ctx, stranger, [replace(some(i), slug=f"theirs{i}") for i in range(9)], atomic=False
    )
    for number in range(5, MANY, 900):
        links.trash(ctx, owner, links.find(ctx, owner, str(number)).uid)
    with write():
        Link.update(updated_at=NOW + timedelta(seconds=1)).where(
            Link.id.in_(range(0, MANY, 11))
        ).execute()
    for host, every in (("own.example", 1), ("small.example", 500)):
        own = Domain.create(
            host=host,
            workspace=owner.workspace_id,
            verified_at=NOW,
            created_at=NOW,
            is_default=False,
        )
        with write():
            numbers = range(0, MANY - 900, every)
            Link.update(domain=own.id).where(Link.id.in_(numbers)).execute()
    later = replace(ctx, now=NOW + timedelta(seconds=3000))
    everything = read_all(later, owner, LinkQuery(limit=200))
    everything += read_all(later, owner, LinkQuery(limit=200, state="trashed"))
    assert len(everything) == MANY
    some_clicks(everything)
    if engine == "postgresql":  # which looks at its tables by itself, but not in tests
        database.execute_sql("ANALYZE")
    sorts = ("-created", "created", "-updated", "slug", "-clicks", "clicks")
    fitting = [[link for link in everything if fits(link, query, later)] for query in QUERIES]
    for (query, fit), sort in product(zip(QUERIES, fitting, strict=True), sorts):
        key = KEYS[sort.lstrip("-")]
        wanted = sorted(
            fit,
            key=key,  # type: ignore[arg-type]  # of one type at a time
            reverse=sort.startswith("-"),
        )
        page = links.search(later, owner, replace(query, sort=sort, limit=60))
        assert [x.slug for x in page.items] == [x.slug for x in wanted[:60]], (query, sort)
        assert (page.next_cursor is None) == (len(wanted) <= 60), (query, sort)
        if page.next_cursor is not None:
            after = replace(query, sort=sort, limit=60, cursor=page.next_cursor)
            items = links.search(later, owner, after).items
            assert [x.slug for x in items] == [x.slug for x in wanted[60:120]], (query, sort)
        if sort.endswith("clicks"):
            continue  # its pages have no numbers
        number = max(1, len(wanted) // 90)
        there = links.numbered(later, owner, replace(query, sort=sort, limit=60), number)
        assert there.total == len(wanted), (query, sort)
        assert there.items == wanted[(number - 1) * 60 : number * 60], (query, sort)


def test_the_index_follows_changes_and_purges(ctx: Context, owner: Principal) -> None:
    rest = [some(i) for i in range(1_100)]
    link = links.create(ctx, owner, NewLink(url="https://a.example/alpha", slug="alpha")).link
    links.create_many(ctx, owner, rest, atomic=False)

    def found(q: str) -> list[str]:
        return [x.uid for x in links.search(ctx, owner, LinkQuery(q=q)).items]

    assert found("alpha") == [link.uid]
    links.update(ctx, owner, link.uid, LinkPatch(url="https://a.example/beta", title="GAMMA ray"))
    assert found("example/beta gamma") == found("alpha") == [link.uid]  # the slug is left
    links.update(ctx, owner, link.uid, LinkPatch(slug="delta"))
    assert (found("alpha"), found("delta")) == ([], [link.uid])
    links.trash(ctx, owner, link.uid)
    assert found("delta") == []
    links.restore(ctx, owner, link.uid)
    assert found("delta") == [link.uid]
    links.purge(ctx, owner, link.uid)
    assert found("delta") == found("gamma") == []


def test_without_the_index_the_same_is_found(
    ctx: Context, owner: Principal, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    links.create_many(ctx, owner, [some(i) for i in range(1_200)], atomic=False)
    drop_index(engine)
    assert not search_index.exists()
    made = links.create(ctx, owner, NewLink(url="https://a.example/unseen")).link
    found = links.search(ctx, owner, LinkQuery(q="no499 shop"))
    assert [x.slug for x in found.items] == ["old-00999", "old-00499"]
    with caplog.at_level(logging.WARNING):
        assert search_index.ensure()  # and those made meanwhile are in it
    assert [x.uid for x in links.search(ctx, owner, LinkQuery(q="unseen")).items] == [made.uid]
    assert caplog.records == []


def test_an_index_that_cannot_be_made_is_told_and_no_failure(
    ctx: Context, engine: str, caplog: pytest.LogCaptureFixture
) -> None:
    drop_index(engine)
    if engine == "sqlite":
        database.execute_sql("CREATE TABLE link_words_data (x)")  # one of FTS5's own is taken
    else:
        database.execute_sql("DROP EXTENSION pg_trgm")
        database.execute_sql("CREATE TYPE gtrgm AS (x int)")
    with caplog.at_level(logging.WARNING):
        assert not search_index.ensure()
    assert "compares link by link" in caplog.text
    assert not search_index.exists()


def drop_index(engine: str) -> None:
    if engine == "sqlite":
        for name in ("TRIGGER link_words_delete", "TRIGGER link_words_update", "TABLE link_words"):
            database.execute_sql(f"DROP {name}")
    else:
        database.execute_sql("DROP INDEX links_search")


def test_a_page_by_number_tells_how_many_there_are(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    empty = links.numbered(ctx, owner, LinkQuery(), 1)
    assert (empty.items, empty.page, empty.pages, empty.total) == ([], 1, 1, 0)
    links.create_many(ctx, owner, [some(i) for i in range(25)], atomic=False)
    links.create_many(ctx, stranger, [NewLink(url="https://x.example/")], atomic=False)
    for sort in ("-created", "slug", "updated"):
        query = LinkQuery(sort=sort, limit=7)
        pages = [links.numbered(ctx, owner, query, n) for n in range(1, 6)]
        assert [(p.page, p.pages, p.total) for p in pages] == [(n, 4, 25) for n in range(1, 6)]
        listed = [link for page in pages for link in page.items]
        assert listed == read_all(ctx, owner, LinkQuery(sort=sort))
        assert len(pages[3].items) == 4
        assert pages[4].items == []
    with pytest.raises(errors.ValidationFailed):
        links.numbered(ctx, owner, LinkQuery(sort="-clicks"), 1)
    for page in (0, -1, 10**10):
        with pytest.raises(errors.ValidationFailed):
            links.numbered(ctx, owner, LinkQuery(), page)
    assert WorkspaceLinks.select().count() == 2


def clicked(ctx: Context, owner: Principal, clicks: list[int]) -> list[LinkView]:
    made = [
        links.create(ctx, owner, NewLink(url="https://a.example/", slug=f"l{i}")).link
        for i in range(len(clicks))
    ]
    with write():
        for link, many in zip(made, clicks, strict=True):
            LinkTotal.update(clicks=many).where(LinkTotal.link_id == link.id).execute()
    return made


def test_links_come_by_their_clicks_and_those_without_last(
    ctx: Context, owner: Principal, stranger: Principal
) -> None:
    clicked(ctx, owner, [0, 3, 7, 3, 0, 12])
    links.create(ctx, stranger, NewLink(url="https://x.example/"))
    for limit in (1, 2, 3, 50):
        down = read_all(ctx, owner, LinkQuery(sort="-clicks", limit=limit))
        assert [x.slug for x in down] == ["l5", "l2", "l1", "l3", "l0", "l4"], limit
        up = read_all(ctx, owner, LinkQuery(sort="clicks", limit=limit))
        assert up == down[::-1], limit


def test_links_that_are_in_the_trash_or_gone_have_no_place_among_the_clicked(
    ctx: Context, owner: Principal
) -> None:
    made = clicked(ctx, owner, [5, 4, 3])
    links.trash(ctx, owner, made[0].uid)
    links.purge(ctx, owner, made[2].uid)
    by_clicks = LinkQuery(sort="-clicks")
    assert [x.slug for x in links.search(ctx, owner, by_clicks).items] == ["l1"]
    trashed = replace(by_clicks, state="trashed")
    assert [x.slug for x in links.search(ctx, owner, trashed).items] == ["l0"]


def test_links_that_come_together_have_a_place_too(ctx: Context, owner: Principal) -> None:
    links.create_many(ctx, owner, [some(i) for i in range(3)], atomic=False)
    found = links.search(ctx, owner, LinkQuery(sort="clicks")).items
    assert [x.slug for x in found] == ["old-00002", "old-00001", "old-00000"]


@pytest.mark.parametrize("sort", ["-created", "slug", "-updated", "clicks", "-clicks"])
def test_a_page_for_which_too_much_had_to_be_looked_at_ends_early_and_goes_on(
    ctx: Context, owner: Principal, monkeypatch: pytest.MonkeyPatch, sort: str
) -> None:
    """With the bounds of a small list: the walk is the same as that among a million."""
    for module, name, value in (
        (finding, "_WINDOW", 10),
        (finding, "_MANY", 20),
        (finding, "_FAR", 40),
        (by_clicks, "_PIECE", 10),
        (by_clicks, "_MANY", 20),
        (by_clicks, "_FAR", 4),
    ):
        monkeypatch.setattr(module, name, value)
    # Each of the two holds for half of the links, and both together for two.
    many = [
        NewLink(
            url=f"https://a.example/{'word' if i % 2 or i in (17, 180) else 'other'}",
            slug=f"s{i:03d}",
            tags=() if i % 2 else ("even",),
        )
        for i in range(200)
    ]
    many[180] = replace(many[180], url="https://a.example/word")
    many[18] = replace(many[18], url="https://a.example/word")
    links.create_many(ctx, owner, many, atomic=False)
    query = LinkQuery(q="word", tag="even", sort=sort, limit=5)
    first = links.search(ctx, owner, query)
    assert len(first.items) < 2
    assert first.next_cursor is not None
    assert sorted(x.slug for x in read_all(ctx, owner, query)) == ["s018", "s180"]


def test_a_trash_too_large_to_be_sorted_says_what_to_do(
    ctx: Context, owner: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for link in clicked(ctx, owner, [1, 2, 3]):
        links.trash(ctx, owner, link.uid)
    query = LinkQuery(state="trashed", sort="slug")
    assert [x.slug for x in links.search(ctx, owner, query).items] == ["l0", "l1", "l2"]
    monkeypatch.setattr(finding, "_MANY", 3)
    with pytest.raises(errors.ValidationFailed, match="sort by created"):
        links.search(ctx, owner, query)
    by_word = replace(query, q="l1", sort="-created")
    assert [x.slug for x in links.search(ctx, owner, by_word).items] == ["l1"]
    for sort in ("-created", "clicks"):
        assert len(links.search(ctx, owner, replace(query, sort=sort)).items) == 3
