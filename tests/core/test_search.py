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
from klink.core.links import LinkPatch, LinkQuery, LinkView, NewLink
from klink.core.principal import Principal
from klink.db import search_index
from klink.db.connection import database, write
from klink.db.models import Link, WorkspaceLinks
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
        and all(
            any(word in text for text in texts)
            if len(word) >= 3
            else link.slug.lower().startswith(word)
            for word in query.q.lower().split()
        )
    )


KEYS: dict[str, Callable[[LinkView], object]] = {
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
    LinkQuery(state=state, q=q)
    for state, q in product(("trashed", "inactive", "expired", "active"), ("", "https", "no1"))
]


def test_every_way_finds_what_a_look_at_every_link_finds(
    ctx: Context, owner: Principal, stranger: Principal
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
    later = replace(ctx, now=NOW + timedelta(seconds=3000))
    everything = read_all(later, owner, LinkQuery(limit=200))
    everything += read_all(later, owner, LinkQuery(limit=200, state="trashed"))
    assert len(everything) == MANY
    for query, sort in product(QUERIES, ("-created", "created", "-updated", "slug")):
        key = KEYS[sort.lstrip("-")]
        wanted = sorted(
            (link for link in everything if fits(link, query, later)),
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
    for page in (0, -1, 10**10):
        with pytest.raises(errors.ValidationFailed):
            links.numbered(ctx, owner, LinkQuery(), page)
    assert WorkspaceLinks.select().count() == 2
