"""The table of links: what it shows, how it is searched, filtered, sorted and paged."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import timedelta

import pytest

from klink.core import links
from klink.core.links import LinkPatch, NewLink, NewVariant
from tests.admin.office import Office, Page, Person
from tests.core.test_search import drop_index

MANY = 52
"""More than a page holds."""


@pytest.fixture
def owner(office: Office) -> Person:
    return office.sign_in("owner")


def slugs(page: Page) -> list[str]:
    """The slugs of the rows, in order."""
    return re.findall(
        r'<a class="slug" href="/admin/links/[^"]+">'
        r'<span class="host">go\.example\.org/</span>([^<]+)</a>',
        page.text,
    )


def next_page(page: Page) -> str:
    found = re.search(r'rel="next" href="([^"]+)"', page.text)
    assert found
    return found[1].replace("&amp;", "&")


# --- What it shows ------------------------------------------------------------------------


def test_a_row_says_what_a_link_is_and_how_it_does(office: Office, owner: Person) -> None:
    new = NewLink(
        slug="spring",
        title="Spring sale",
        tags=("red",),
        variants=tuple(NewVariant(x, f"https://{x}.example/", 50) for x in "ab"),
        password="open sesame",
    )
    made = links.create(office.context(), owner.principal, new).link
    office.link("other", "https://example.com/other")
    office.click(office.link("seen"), times=3)
    page = owner.get("/admin/links")
    assert page.status_code == 200
    assert slugs(page) == ["seen", "other", "spring"]
    for text in ("Spring sale", "split 50/50", "password", "2 destinations", "#red"):
        assert text in page.text
    assert f'data-copy="{made.short_url}"' in page.text
    assert "https://example.com/other" in page.text
    assert '<td class="num">3</td>' in page.text
    assert page.text.count('<svg class="spark"') == 1  # of the one that somebody clicked
    assert "3 links" in page.text


def test_no_links_at_all_leads_to_the_first(owner: Person) -> None:
    page = owner.get("/admin/links")
    assert "No links yet" in page.text
    assert 'href="/admin/links/new"' in page.text


def test_who_may_only_read_is_offered_nothing_that_changes(office: Office) -> None:
    viewer = office.sign_in("viewer")
    assert "/admin/links/new" not in viewer.get("/admin/links").text
    office.link("spring")
    page = viewer.get("/admin/links")
    assert slugs(page) == ["spring"]
    for word in ("disable", "trash", "tag", "expire"):
        assert f'name="action" value="{word}"' not in page.text


def test_another_workspaces_links_are_not_there(office: Office, owner: Person) -> None:
    stranger = office.stranger()
    office.link("mine")
    office.link("theirs", workspace_id=stranger.workspace_id)
    assert slugs(owner.get("/admin/links")) == ["mine"]
    assert slugs(stranger.get("/admin/links")) == ["theirs"]
    assert slugs(owner.get("/admin/links?q=theirs")) == []


def test_what_people_wrote_stays_text(office: Office, owner: Person) -> None:
    nasty = "<script>alert(1)</script>\"'"
    office.link("spring", f"https://example.com/?q={nasty}", title=nasty, tags=(nasty,))
    page = owner.get("/admin/links", query_string={"tag": nasty, "q": "spring"})
    assert slugs(page) == ["spring"]
    assert "<script>alert" not in page.text


# --- Searching, filtering, sorting --------------------------------------------------------


@pytest.fixture
def some(office: Office, owner: Person) -> None:
    """Links of several kinds."""
    ctx, who = office.context(), owner.principal
    office.link("alpha", tags=("red",), title="Greek letters")
    office.link("beta", tags=("red", "blue"))
    office.link("gamma", expires_at=office.now + timedelta(hours=1))
    links.update(ctx, who, office.link("delta").uid, LinkPatch(is_active=False))
    links.trash(ctx, who, office.link("omega").uid)
    office.click("https://go.example.org/beta", times=2)
    office.click("https://go.example.org/alpha")
    office.now += timedelta(hours=2)


@pytest.mark.parametrize(
    "query, expected",
    [
        ("", ["delta", "gamma", "beta", "alpha"]),
        ("q=greek", ["alpha"]),
        ("q=al", ["alpha"]),
        ("tag=red", ["beta", "alpha"]),
        ("tag=red&sort=slug", ["alpha", "beta"]),
        ("state=active", ["beta", "alpha"]),
        ("state=inactive", ["delta"]),
        ("state=expired", ["gamma"]),
        ("state=quarantined", []),
        ("state=trashed", ["omega"]),
        ("domain=go.example.org&q=greek", ["alpha"]),
        ("domain=other.example", []),
        ("problem=1", []),
        ("sort=-clicks", ["beta", "alpha", "gamma", "delta"]),
        ("sort=clicks", ["delta", "gamma", "alpha", "beta"]),
        ("sort=-updated", ["delta", "gamma", "beta", "alpha"]),
        ("sort=slug&q=", ["alpha", "beta", "delta", "gamma"]),
    ],
)
@pytest.mark.usefixtures("some")
def test_the_address_says_which_links_in_which_order(
    owner: Person, query: str, expected: list[str]
) -> None:
    page = owner.get(f"/admin/links?{query}")
    assert page.status_code == 200
    assert slugs(page) == expected


@pytest.mark.usefixtures("some")
def test_a_filter_that_finds_nothing_can_be_cleared(owner: Person) -> None:
    page = owner.get("/admin/links?q=nothing-like-it")
    assert "Nothing found" in page.text
    assert "Clear the filter" in page.text
    assert 'value="nothing-like-it"' in page.text  # what was typed is still there
    assert "4 links" not in page.text


@pytest.mark.usefixtures("some")
def test_the_head_of_a_column_sorts_and_turns_round(owner: Person) -> None:
    page = owner.get("/admin/links?tag=red")
    assert 'href="/admin/links?tag=red&amp;sort=-clicks"' in page.text
    page = owner.get("/admin/links?tag=red&sort=-clicks")
    assert 'aria-sort="descending"' in page.text
    assert 'href="/admin/links?tag=red&amp;sort=clicks"' in page.text
    assert 'href="/admin/links?tag=red&amp;sort=slug"' in page.text


@pytest.mark.parametrize(
    "query, words",
    [
        ("q=" + "a" * 65, "at most 64 characters in a word"),
        ("q=" + "a+" * 101, "at most 200 characters"),
        ("state=lost", "must be one of"),
        ("sort=shoes", "must be one of"),
        ("cursor=nonsense", "is not a cursor"),
        ("q=%00", "control characters"),
    ],
)
def test_a_question_that_cannot_be_says_why(owner: Person, query: str, words: str) -> None:
    page = owner.get(f"/admin/links?{query}")
    assert page.status_code == 422
    assert words in page.text.lower()
    assert "Clear the filter" in page.text


def test_a_script_gets_the_rows_alone(office: Office, owner: Person) -> None:
    office.link("spring")
    page = owner.get("/admin/links?q=spring", headers={"X-Klink": "fragment"})
    assert slugs(page) == ["spring"]
    assert "<html" not in page.text


# --- Pages --------------------------------------------------------------------------------


def test_pages_lead_on_and_back_to_the_first(office: Office, owner: Person) -> None:
    made = [office.link(f"l{i:02d}").slug for i in range(MANY)]
    first = owner.get("/admin/links?sort=slug")
    assert slugs(first) == made[:50]
    assert "First page" not in first.text
    second = owner.get(next_page(first))
    assert slugs(second) == made[50:]
    assert 'rel="next"' not in second.text
    assert 'href="/admin/links?sort=slug">First page' in second.text


def test_the_trash_says_when_links_go_and_is_empty_at_first(office: Office, owner: Person) -> None:
    assert "The trash is empty" in owner.get("/admin/links?state=trashed").text
    links.trash(office.context(), owner.principal, office.link("spring").uid)
    page = owner.get("/admin/links?state=trashed")
    assert "in the trash · goes in 30 days" in page.text
    assert "Thirty days" in page.text
    for word, is_there in (("restore", True), ("purge", True), ("disable", False)):
        assert (f'name="action" value="{word}"' in page.text) == is_there


# --- Taking them along --------------------------------------------------------------------


@pytest.mark.usefixtures("some")
def test_all_that_a_list_finds_comes_as_csv(owner: Person) -> None:
    reply = owner.get("/admin/links/export?format=csv&tag=red")
    assert reply.headers["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(reply.text)))
    assert [(row["slug"], row["clicks"]) for row in rows] == [("beta", "2"), ("alpha", "1")]
    assert reply.headers["Content-Disposition"] == 'attachment; filename="links.csv"'


@pytest.mark.usefixtures("some")
def test_all_that_a_list_finds_comes_as_lines_of_json(owner: Person) -> None:
    reply = owner.get("/admin/links/export?format=jsonl&state=trashed")
    (found,) = [json.loads(line) for line in reply.text.splitlines()]
    assert (found["slug"], found["tags"]) == ("omega", [])


def test_no_cell_is_a_formula(office: Office, owner: Person) -> None:
    office.link("spring", title="=HYPERLINK(1)", tags=("+1",))
    (row,) = csv.DictReader(io.StringIO(owner.get("/admin/links/export?format=csv").text))
    assert (row["title"], row["tags"]) == ("'=HYPERLINK(1)", "'+1")


def test_the_selected_ones_come_and_no_other(office: Office, owner: Person) -> None:
    stranger = office.stranger()
    theirs = office.link("theirs", workspace_id=stranger.workspace_id)
    mine = [office.link(slug) for slug in ("one", "two", "three")]
    ids = [mine[0].uid, mine[2].uid, theirs.uid]
    reply = owner.post("/admin/links/export", {"ids": ids, "format": "csv"})
    assert [row["slug"] for row in csv.DictReader(io.StringIO(reply.text))] == ["one", "three"]


def test_an_export_in_no_known_format_is_refused(owner: Person) -> None:
    assert owner.get("/admin/links/export?format=exe").status_code == 422
    assert owner.get("/admin/links/export?format=csv&state=lost").status_code == 422


def test_without_the_index_of_words_the_table_still_finds(
    office: Office, owner: Person, engine: str
) -> None:
    office.link("spring", title="Sale")
    drop_index(engine)
    assert slugs(owner.get("/admin/links?q=sale")) == ["spring"]
